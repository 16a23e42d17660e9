// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Rows under headings, as wide as their content needs; narrower where the terminal is.
struct Table: Sendable {
    /// One column.
    struct Column: Sendable {
        /// What stands above it.
        var heading: String
        /// Whether its values end below each other, as numbers do.
        var isNumber = false
        /// Whether its values may be cut where there is too little room.
        var mayShrink = false
    }

    /// The columns.
    var columns: [Column]
    /// The values of each row, one for each column.
    var rows: [[String]]

    /// The lines. Columns without any value are left out.
    ///
    /// - Parameter width: the room there is; `nil` for as much as is needed.
    func text(width: Int?) -> String {
        let shown = columns.indices.filter { column in rows.contains { !$0[column].isEmpty } }
        var widths = shown.map { column in
            max(columns[column].heading.count, rows.map(\.[column].count).max() ?? 0)
        }
        if let width { shrink(&widths, of: shown, to: width - 2 * (shown.count - 1)) }
        let lines = [columns.map(\.heading)] + rows
        return lines.map { line in
            let cells = zip(shown, widths).map { column, width in
                let text = Self.cut(line[column], to: width)
                return columns[column].isNumber ? text.indented(to: width) : text.padded(to: width)
            }
            var text = cells.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }.joined()
    }

    /// The shortest that a column becomes.
    private static let leastWidth = 8

    private func shrink(_ widths: inout [Int], of shown: [Int], to room: Int) {
        while widths.reduce(0, +) > room {
            let candidates = widths.indices.filter {
                columns[shown[$0]].mayShrink && widths[$0] > Self.leastWidth
            }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { return }
            widths[widest] -= 1
        }
    }

    private static func cut(_ text: String, to width: Int) -> String {
        text.count <= width ? text : text.prefix(width - 3) + "..."
    }
}
