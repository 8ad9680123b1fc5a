import Imaging

/// Small letters of five by nine pixels for pictures: the only text that a picture file needs is the names of its colours.
struct PixelText {
  /// Columns that a character takes, the gap behind it included.
  static let advance = 6
  /// Rows from the top of the tallest character to the bottom of the deepest.
  static let height = 9

  /// Draws `text` with its upper left corner at `place`, each dot `scale` pixels wide; what lies outside is left out.
  ///
  /// Capitals are drawn as small letters, characters beyond those of ``glyphs`` as question marks.
  static func draw(
    _ text: String, at place: SIMD2<Int>, scale: Int, color: SIMD3<UInt8>, on image: inout RGBImage
  ) {
    for (index, character) in text.lowercased().enumerated() {
      guard let glyph = glyphs[character] ?? glyphs["?"] else { continue }
      for dot in 0..<5 * height where glyph >> UInt64(5 * height - 1 - dot) & 1 == 1 {
        let corner = place &+ SIMD2(index * advance + dot % 5, dot / 5) &* scale
        for y in corner.y..<corner.y + scale where (0..<image.height).contains(y) {
          for x in corner.x..<corner.x + scale where (0..<image.width).contains(x) { image[x, y] = color }
        }
      }
    }
  }

  /// Nine rows of five dots, the first row in the highest bits.
  private static let glyphs: [Character: UInt64] = [
    "a": 0x000382F8BC00,
    "b": 0x1085B318F800,
    "c": 0x0003A108B800,
    "d": 0x010B6718BC00,
    "e": 0x0003A3F83800,
    "f": 0x064A38842000,
    "g": 0x0003E318BC2E,
    "h": 0x1085B318C400,
    "i": 0x040308423800,
    "j": 0x020184210A4C,
    "k": 0x1084A98A4800,
    "l": 0x0C2108423800,
    "m": 0x0006AB58C400,
    "n": 0x0005B318C400,
    "o": 0x0003A318B800,
    "p": 0x0007A318FA10,
    "q": 0x0003E318BC21,
    "r": 0x0005B3084000,
    "s": 0x0003A0E0F800,
    "t": 0x084710849800,
    "u": 0x00046319B400,
    "v": 0x000463151000,
    "w": 0x0004635AA800,
    "x": 0x000454454400,
    "y": 0x00046318BC2E,
    "z": 0x0007C4447C00,
    "0": 0x0E8CEB98B800,
    "1": 0x046108423800,
    "2": 0x0E884C887C00,
    "3": 0x1F110418B800,
    "4": 0x0232A5F10800,
    "5": 0x1F878218B800,
    "6": 0x06443D18B800,
    "7": 0x1F0888842000,
    "8": 0x0E8C5D18B800,
    "9": 0x0E8C5E113000,
    "(": 0x022210820800,
    ")": 0x082084222000,
    "-": 0x00001C000000,
    "_": 0x000000007C00,
    ".": 0x000000063000,
    ",": 0x000000061100,
    "/": 0x000888880000,
    "+": 0x00213E420000,
    "%": 0x18C888898C00,
    ":": 0x006300C60000,
    "'": 0x042000000000,
    " ": 0x000000000000,
    "?": 0x0E8844401000,
  ]
}
