// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletMedia
import MartletModel
import MartletPorts

/// The machine that the program runs on; needs no ffmpeg.
protocol Machine: Sendable {
    /// What the machine has.
    var facts: MachineFacts { get }

    /// The libraries that are linked in, by name, such as `libavformat` and `59.27.100`.
    var libraries: [LibraryVersion] { get }

    /// The bytes that can still be written in a directory, which must exist.
    func freeSpace(at directory: String) throws -> ByteCount
}

/// A library and its version.
struct LibraryVersion: Sendable, Equatable {
    /// Its name, such as `libavformat`.
    var name: String
    /// Its version, such as `59.27.100`.
    var version: String
}

/// The real machine.
struct LocalMachine: Machine {
    var facts: MachineFacts { MachineProbe().facts() }

    var libraries: [LibraryVersion] {
        LinkedLibraries.versions.map { LibraryVersion(name: $0.name, version: $0.version) }
    }

    func freeSpace(at directory: String) throws -> ByteCount {
        try PathCheck.workDirectory(directory)
        return try LocalFiles().freeSpace(at: FilePath(directory).text)
    }
}
