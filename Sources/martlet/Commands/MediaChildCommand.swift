// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import MartletHost
import MartletMedia
import MartletMediaChild
import MartletModel
import Synchronization

/// `martlet media-child`: does one thing with media files for the process that started it.
///
/// It is no command for people: it reads one request from standard input.
enum MediaChildCommand {
    /// Serves the request to its end.
    static func run() async -> ExitStatus {
        // Swift's runtime may have been told to print a crash's stack, which takes minutes: it is to end the process.
        for crash in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP] { signal(crash, SIG_DFL) }
        let child = MediaChild(
            tools: { cacheDirectory in
                let files = LocalFiles()
                let reader = MediaReader(files: files, cacheDirectory: cacheDirectory)
                return MediaChild.Tools(
                    prober: reader, scanner: reader, assembler: MediaAssembler(), verifier: MediaVerifier(),
                    restamper: MediaRestamper(files: files), packager: MediaPackager())
            }, time: SystemTime(), traffic: OwnTraffic.bytes, write: writeOut)
        return await child.serve(readIn()) ? .success : .usage
    }

    private static let turn = Mutex(())

    private static func readIn() -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
        }
    }

    /// Lines of several threads must not mix.
    private static func writeOut(_ bytes: [UInt8]) {
        turn.withLock { _ in
            bytes.withUnsafeBytes { buffer in
                var done = 0
                while done < buffer.count {
                    let count = write(STDOUT_FILENO, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { return }
                    done += count
                }
            }
        }
    }
}
