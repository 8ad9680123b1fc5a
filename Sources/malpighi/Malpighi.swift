import ArgumentParser

/// The command line of the package.
@main
struct Malpighi: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "malpighi")
}
