// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension FileLock {
    /// Takes a directory that no other process has: `wanted` below `directory`, or else `wanted-2` and on.
    ///
    /// The directory is made where missing; its lock file is called `lock`.
    ///
    /// - Returns: the directory's name, and what keeps it.
    /// - Throws: a `HostError`; `host.locked` when a hundred are taken.
    package static func takePlace(
        called wanted: String, in directory: String
    ) throws -> (name: String, lock: FileLock) {
        var number = 1
        while true {
            let name = number == 1 ? wanted : "\(wanted)-\(number)"
            let place = "\(directory)/\(name)"
            try LocalFiles().makeDirectory(place)
            do {
                return (name, try FileLock(path: "\(place)/lock", subject: place))
            } catch let error as HostError where error.code == .locked && number < 100 {
                number += 1
            }
        }
    }
}
