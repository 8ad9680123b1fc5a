import Foundation

/// A report as data: sections of figures, tables, facts, charts and viewers. ``html()`` makes one self-contained page of
/// it.
public struct Report: Sendable {
  /// One number to be seen first, such as the Dice score.
  public struct Highlight: Sendable {
    /// What it is.
    public let name: String
    /// The value as text.
    public let value: String
    /// A few words below.
    public let note: String

    /// A highlight.
    public init(_ name: String, _ value: String, note: String = "") {
      self.name = name
      self.value = value
      self.note = note
    }
  }

  /// A part of the page with a title.
  public struct Section: Sendable {
    /// The title.
    public let title: String
    /// What it holds, from top to bottom.
    public var blocks: [Block]

    /// A section.
    public init(_ title: String, _ blocks: [Block]) {
      self.title = title
      self.blocks = blocks
    }
  }

  /// Something a section holds.
  public enum Block: Sendable {
    /// Text.
    case paragraph(String)
    /// Pictures side by side.
    case figures([Figure])
    /// A table.
    case table(Table)
    /// Names and values.
    case facts([Fact])
    /// Curves.
    case chart(LineChart)
    /// Bars.
    case bars(BarChart)
    /// A viewer that scrolls through a volume.
    case viewer(SliceViewer)
    /// A key to colours.
    case legend([LegendEntry])
  }

  /// A name with a value.
  public struct Fact: Sendable {
    /// The name.
    public let name: String
    /// The value.
    public let value: String

    /// A fact.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// What the page is about: the id of the case.
  public var title: String
  /// The pipeline and what it does.
  public var subtitle: String
  /// Numbers to be seen first.
  public var highlights: [Highlight] = []
  /// What was odd, shown at the top.
  public var warnings: [String] = []
  /// The parts of the page.
  public var sections: [Section] = []

  /// An empty report.
  public init(title: String, subtitle: String) {
    self.title = title
    self.subtitle = subtitle
  }
}

/// A table of a report.
public struct Table: Sendable {
  /// A cell: text, where it leads, and the number to sort by.
  public struct Cell: Sendable {
    /// What is shown.
    public let text: String
    /// A relative address, or nil.
    public let link: String?
    /// The number the column is sorted by; nil sorts last.
    public let number: Double?

    /// Text.
    public init(_ text: String, link: String? = nil) {
      self.text = text
      self.link = link
      number = nil
    }

    /// A number with three decimals; `n/a` where undefined.
    public init(_ number: Double?) {
      text = NumberText.short(number)
      link = nil
      self.number = number
    }
  }

  /// The names of the columns.
  public let columns: [String]
  /// The rows, each with a cell a column.
  public var rows: [[Cell]]
  /// Whether a click on a column's name sorts the rows.
  public let isSortable: Bool

  /// A table.
  public init(columns: [String], rows: [[Cell]], isSortable: Bool = false) {
    self.columns = columns
    self.rows = rows
    self.isSortable = isSortable
  }
}

/// A picture of a report.
public struct Figure: Sendable {
  /// The picture.
  public let image: EncodedImage
  /// What it shows.
  public let caption: String

  /// A picture with a caption.
  public init(_ image: EncodedImage, caption: String) {
    self.image = image
    self.caption = caption
  }
}

/// A picture as the bytes of a PNG or JPEG file.
public struct EncodedImage: Sendable, Hashable {
  /// The format.
  public enum Format: String, Sendable, Hashable {
    /// Portable Network Graphics.
    case png
    /// JPEG.
    case jpeg
  }

  /// The format.
  public let format: Format
  /// The bytes of the file.
  public let data: Data
  /// Pixels along x.
  public let width: Int
  /// Pixels along y.
  public let height: Int

  /// A picture from the bytes of its file.
  public init(_ format: Format, data: Data, width: Int, height: Int) {
    self.format = format
    self.data = data
    self.width = width
    self.height = height
  }

  /// The picture as an address that holds it.
  var address: String { "data:image/\(format.rawValue);base64,\(data.base64EncodedString())" }
}

/// A colour with what it stands for.
public struct LegendEntry: Sendable {
  /// The colour.
  public let color: PaletteColor
  /// What it stands for.
  public let text: String

  /// An entry.
  public init(_ color: PaletteColor, _ text: String) {
    self.color = color
    self.text = text
  }
}
