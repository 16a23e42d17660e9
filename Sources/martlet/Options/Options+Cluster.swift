// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

extension Options {
    /// The coordinator that a command speaks to.
    static let coordinator = Option(
        "coordinator", .url, .coordinator, "The coordinator's address.", default: Connection.usualAddress,
        into: \.connection.coordinator)

    /// The coordinator that `transcode` leaves the work to.
    static let chosenCoordinator = Option(
        "coordinator", .url, .coordinator,
        "Leaves the work to the cluster of this coordinator. A film that it does not have is sent to it, and the result fetched.",
        default: "this machine alone", into: \.connection.coordinator)

    /// How a coordinator lets this machine in.
    static let access: [Option] = [
        Option(
            "token", .text("TOKEN"), .coordinator,
            "The coordinator's token. Others on this machine can see it in a command line: better use --token-file or the variable.",
            into: \.connection.token),
        Option(
            "token-file", .file, .coordinator, "A file whose first line is the token. Excludes --token.",
            into: \.connection.tokenFile),
        Option(
            "ca", .file, .coordinator,
            "A PEM file with the authorities that may vouch for the coordinator's certificate.",
            default: "those of the system", into: \.connection.authority),
        Option(
            "client-certificate", .file, .coordinator,
            "A PEM file with this machine's certificate, for a coordinator that wants one.",
            into: \.connection.clientCertificate),
        Option(
            "client-key", .file, .coordinator, "A PEM file with the key of that certificate.",
            into: \.connection.clientKey),
    ]

    /// How a command reaches its coordinator.
    static let connection = [coordinator] + access

    /// What a job of a cluster is, apart from its encoding.
    static let submission: [Option] = [
        verify, overwrite, priority, name,
        Option(
            "callback-url", .url, .job, "Where the end of the job is told, by POST.", into: \.cluster.callbackURL),
        Option(
            "start-time", .number(0...1e6, "SECONDS"), .job,
            "Makes a stream that begins so far into the film; OUTPUT is the stream's name.", into: \.cluster.startTime),
        Option(
            flag: "mesh", .job,
            "Makes a stream whose parts come from several workers behind one playlist; where there are only workers of "
                + "others, one of them makes the whole of it. OUTPUT is the stream's name.",
            into: \.cluster.isMesh),
        Option(flag: "watch", .job, "Stays until the job is over, and shows how far it is.", into: \.cluster.watches),
    ]

    /// Which jobs are listed.
    static let listing: [Option] = [
        Option("state", .choice, .list, "Only jobs in this state.", default: "all", into: \.cluster.state),
        Option(
            "limit", .integer(1...100_000), .list, "How many jobs, the newest first.", default: "20",
            into: \.cluster.limit),
        Option(flag: "all", .list, "All jobs, however many.", into: \.cluster.listsAll),
    ]
}
