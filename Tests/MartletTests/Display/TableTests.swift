// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Testing

@testable import martlet

@Suite struct TableTests {
    private let table = Table(
        columns: [
            .init(heading: "ID"), .init(heading: "N", isNumber: true), .init(heading: "EMPTY"),
            .init(heading: "NAME", mayShrink: true),
        ],
        rows: [["a", "1", "", "a long name of a film"], ["bcd", "100", "", "b"]])

    @Test func columnsAreAsWideAsTheirContent() {
        #expect(
            table.text(width: nil) == """
                ID     N  NAME
                a      1  a long name of a film
                bcd  100  b

                """)
    }

    @Test func whereThereIsTooLittleRoomNamesAreCut() {
        let lines = table.text(width: 25).split(separator: "\n")
        #expect(lines.map(\.count).max() == 25)
        #expect(lines[1] == "a      1  a long name ...")
    }

    @Test func whatMustNotBeCutIsKept() {
        #expect(table.text(width: 4).contains("a lon..."))
    }
}
