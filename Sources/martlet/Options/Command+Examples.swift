// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension Command {
    /// A command line and what it does.
    struct Example: Sendable, Equatable {
        /// What is typed.
        var line: String
        /// What it does.
        var meaning: String
    }

    /// What is typed, and what it does.
    var examples: [Example] {
        switch self {
        case .transcode:
            [
                Example(
                    line: "martlet transcode film.mkv film.mp4", meaning: "H.264 and AAC, everything else carried over"),
                Example(
                    line: "martlet transcode film.mkv small.mkv --codec av1 --preset 8 --resolution 720p",
                    meaning: "AV1, 720 lines high"),
                Example(
                    line: "martlet transcode film.mkv film.mp4 --bitrate 4M --verify full",
                    meaning: "4 Mbit/s on average, decoded and compared at the end"),
                Example(
                    line: "martlet transcode film.mkv film.mp4 --coordinator http://192.168.1.10:8090",
                    meaning: "on the machines of a cluster"),
            ]
        case .plan:
            [
                Example(
                    line: "martlet plan film.mkv", meaning: "the segments, the tracks and the first encoder command"),
                Example(line: "martlet plan film.mkv film.webm --json", meaning: "the same for programs"),
            ]
        case .probe: [Example(line: "martlet probe film.mkv", meaning: "streams, chapters, frames and key frames")]
        case .verify:
            [
                Example(line: "martlet verify film.mp4 --against film.mkv", meaning: "frames, times and streams"),
                Example(line: "martlet verify film.mp4 --against film.mkv --full", meaning: "and every picture"),
            ]
        case .serve:
            [
                Example(
                    line: "martlet serve --media-root movies=/srv/movies --with-worker",
                    meaning: "for this machine alone"),
                Example(
                    line:
                        "martlet serve --host 0.0.0.0 --token-file /etc/martlet/token --media-root movies=/srv/movies",
                    meaning: "for workers and users on other machines"),
            ]
        case .work:
            [
                Example(
                    line: "martlet work --coordinator http://192.168.1.10:8090 --token-file /etc/martlet/token",
                    meaning: "films come and results go over the network"),
                Example(
                    line: "martlet work --server-ip 192.168.1.10 --media-root movies=/mnt/movies --yield-above-cpu 50",
                    meaning: "films are read from a share; this machine's owner comes first"),
            ]
        case .stream:
            [
                Example(line: "martlet stream film.mkv", meaning: "one film, for players on this machine"),
                Example(
                    line: "martlet stream /srv/movies --host 0.0.0.0 --cache-limit 100G",
                    meaning: "every film of a directory, for all machines around"),
            ]
        case .submit:
            [
                Example(
                    line: "martlet submit movies:film.mkv movies:film.mp4 --codec hevc --watch",
                    meaning: "a film in the media root `movies`, and how far it is"),
                Example(
                    line: "martlet submit movies:film.mkv evening --start-time 600",
                    meaning: "a stream called `evening` from the tenth minute on"),
            ]
        case .jobs:
            [
                Example(line: "martlet jobs --coordinator http://192.168.1.10:8090", meaning: "the newest jobs"),
                Example(line: "martlet jobs --state failed --all --json", meaning: "every failed job, for programs"),
            ]
        case .job: [Example(line: "martlet job 3f9c -v", meaning: "with what ffmpeg said in each attempt")]
        case .cancel: [Example(line: "martlet cancel 3f9c", meaning: "the job whose name begins with 3f9c")]
        case .retry: [Example(line: "martlet retry 3f9c", meaning: "finished segments are kept")]
        case .watch:
            [
                Example(line: "martlet watch 3f9c", meaning: "one job to its end; the exit code says how it ended"),
                Example(line: "martlet watch --json", meaning: "everything that happens, one object a line"),
            ]
        case .workers: [Example(line: "martlet workers", meaning: "who is there, and what they do")]
        case .drain: [Example(line: "martlet drain attic-pc", meaning: "before that machine is switched off")]
        case .doctor: [Example(line: "martlet doctor", meaning: "which encoders work here, and what is missing")]
        case .bench: [Example(line: "martlet bench --codec h264 --duration 10", meaning: "ten seconds at each size")]
        case .simulate:
            [
                Example(line: "martlet simulate --machines 100 --faults --runs 5", meaning: "what a cluster would do"),
                Example(line: "martlet simulate --speeds 4,1,1 --segments 60", meaning: "with the machines at hand"),
            ]
        case .completions:
            [
                Example(line: "source <(martlet completions bash)", meaning: "in ~/.bashrc"),
                Example(line: "martlet completions zsh > ~/.zfunc/_martlet", meaning: "a directory of $fpath"),
                Example(
                    line: "martlet completions fish > ~/.config/fish/completions/martlet.fish",
                    meaning: "read by fish itself"),
            ]
        }
    }
}
