// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import Glibc
internal import MartletModel

/// Decides what is a film, and says clearly why something is not.
enum Acceptance {
    /// What the usual ones of those demuxers are for that are not among the readable ones.
    private static let others: [String: String] = [
        "hls": "a playlist", "concat": "a list of files", "sdp": "a session description", "dash": "a manifest",
        "imf": "a manifest", "image2": "a picture", "tty": "a text", "ffmetadata": "a list of tags",
        "avisynth": "a script", "vapoursynth": "a script", "webm_dash_manifest": "a manifest", "bin": "a text",
        "xbin": "a text picture", "adf": "a text picture", "idf": "a text picture", "ico": "a picture",
    ]

    /// Names of subtitle demuxers of text files do not end in one way; these are the common ones.
    private static let subtitles: Set<String> = [
        "srt", "ass", "webvtt", "microdvd", "mpl2", "sami", "subviewer", "subviewer1", "vplayer", "jacosub", "realtext",
        "stl", "pjs", "mpsub", "lrc", "scc", "aqtitle", "tedcaptions", "sup", "vobsub",
    ]

    /// Checks that the path holds a file with content that may be read.
    ///
    /// - Throws: `MediaError` with `unreadable` or `notMedia`.
    static func checkFile(_ path: String) throws(MediaError) {
        guard try size(of: path) > 0 else {
            throw MediaError(.notMedia, "\(path) is empty.", advice: "Copy the file again, or name another one.")
        }
    }

    /// The size of a regular file that may be read.
    ///
    /// - Throws: `MediaError` with `unreadable`.
    static func size(of path: String) throws(MediaError) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw unreadable(path, errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR:
            throw MediaError(.unreadable, "\(path) is a directory.", advice: "Name one media file in it.")
        default:
            throw MediaError(.unreadable, "\(path) is no regular file.", advice: "Copy its content into a file first.")
        }
        guard access(path, R_OK) == 0 else { throw unreadable(path, errno) }
        return Int64(status.st_size)
    }

    /// Checks by its first bytes that the file is of a kind Martlet takes, before any demuxer may act on it.
    ///
    /// - Throws: `MediaError` with `unreadable` or `notMedia`.
    static func checkFormat(_ path: String) throws(MediaError) {
        _ = libavIsQuiet
        var reader: UnsafeMutablePointer<AVIOContext>?
        guard avio_open(&reader, "file:" + path, AVIO_FLAG_READ) >= 0 else { throw unreadable(path, errno) }
        defer { avio_closep(&reader) }
        var format: UnsafePointer<AVInputFormat>?
        let score = av_probe_input_buffer2(reader, &format, "file:" + path, nil, 0, 0)
        guard score >= 0, let format else { throw notMedia(path) }
        let name = String(cString: format.pointee.name)
        guard !ReadableFormats.contain(name) else { return }
        if let what = others[name] ?? (name.hasSuffix("_pipe") ? "a picture" : nil) { throw refusal(path, what) }
        throw refusal(path, subtitles.contains(name) ? "a subtitle file" : "a file of the format \(name)")
    }

    /// The error for a file that could not be opened although its first bytes looked right.
    static func openFailed(_ path: String, _ failure: AVFailure) -> MediaError {
        if failure.code == martlet_averror(EACCES) || failure.code == martlet_averror(ENOENT) {
            return MediaError(.unreadable, "\(path) cannot be read: \(failure.reason).")
        }
        if beginsLikeMP4(path) {
            return MediaError(
                .notMedia, "\(path) is cut short or damaged: its table of contents (moov) is missing.",
                advice: "Copy or download the file again; a recording that broke off needs repair first.")
        }
        return notMedia(path, detail: failure.reason)
    }

    /// The error for a file in which nothing was recognised.
    static func notMedia(_ path: String, detail: String? = nil) -> MediaError {
        MediaError(
            .notMedia, "\(path) is not a media file, or is damaged\(detail.map { " (\($0))" } ?? "").",
            advice: "Check that it is a film and that it was copied completely.")
    }

    /// The error for a file that is something else than a film.
    static func refusal(_ path: String, _ what: String) -> MediaError {
        MediaError(.notMedia, "\(path) is \(what), not a film.", advice: "Name the film itself.")
    }

    private static func unreadable(_ path: String, _ code: Int32) -> MediaError {
        switch code {
        case ENOENT, ENOTDIR:
            MediaError(.unreadable, "\(path) does not exist.", advice: "Check the spelling of the path.")
        case EACCES, EPERM:
            MediaError(.unreadable, "\(path) may not be read.", advice: "Ask for read permission on the file.")
        default:
            MediaError(.unreadable, "\(path) cannot be read: \(String(cString: strerror(code))).")
        }
    }

    private static func beginsLikeMP4(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8)
        guard read(descriptor, &bytes, 8) == 8 else { return false }
        return ["ftyp", "mdat", "wide", "moov", "free", "skip"].contains(String(decoding: bytes[4...], as: UTF8.self))
    }
}
