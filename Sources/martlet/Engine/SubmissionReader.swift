// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletModel
import MartletPlanning
import MartletWire

/// Understands what users submit over the network: the same options as on the command line, written as there.
struct SubmissionReader {
    /// Encoder options for jobs that name none.
    var encoderOptions: [EncoderOption] = []
    /// What an output is called that a job names by its directory alone.
    var outputName: String?
    /// How much results are checked when a job does not say.
    var verification: VerificationLevel = .counts

    /// What a submission asks for.
    ///
    /// - Throws: `CoordinatorError.badSubmission` that names the field; `CommandLineError` for what contradicts itself;
    ///   `PlanningError` for what no source could make good, encoder options that are not allowed among them.
    func order(_ submission: JobSubmission) throws -> JobOrder {
        var settings = Settings()
        settings.ffmpegParameters = encoderOptions
        settings.verification = verification
        let params = submission.params
        let named = [
            ("codec", params?.codec), ("container", params?.container), ("resolution", params?.resolution),
            ("bitrate", params?.bitrate), ("frame-rate", params?.frameRate), ("priority", submission.priority),
            ("verify", submission.verify), ("segment-duration", submission.segmentDurationS.map { "\($0)" }),
        ]
        for case (let name, let value?) in named { try set(name, to: value, in: &settings) }
        for (key, value) in (params?.options ?? [:]).sorted(by: { $0.key < $1.key }) {
            let name = String(key.map { $0 == "_" ? "-" : $0 })
            guard Options.encoding.contains(where: { $0.name == name }) else {
                throw CoordinatorError(
                    .badSubmission, "params.options.\(key) is no option of an encoding",
                    advice: "`martlet submit --help` names them all.")
            }
            try set(name, to: value, in: &settings)
        }
        let request = try RequestBuilder(settings: settings).request(
            input: submission.source, output: output(of: submission, in: settings))
        var parameters = request.parameters
        // Those are the coordinator's own, and there is nothing to encode.
        if parameters.codec == .copy { parameters.encoderOptions = [] }
        try JobPlanner.check(parameters)
        return JobOrder(
            output: request.output, parameters: parameters, priority: settings.priority,
            verification: settings.verification)
    }

    /// A directory gets a file's name.
    private func output(of submission: JobSubmission, in settings: Settings) -> String {
        let output = submission.output
        guard output.hasSuffix("/") || output.hasSuffix(":") else { return output }
        if let outputName { return output + outputName }
        let name = submission.source.split(whereSeparator: { $0 == "/" || $0 == ":" }).last.map(String.init) ?? "film"
        let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        return output + stem + "." + (settings.container ?? .mp4).rawValue
    }

    private func set(_ name: String, to value: String, in settings: inout Settings) throws {
        guard let option = (Options.encoding + Options.work).first(where: { $0.name == name }) else { return }
        let values = option.isRepeatable ? ShellWords.split(value) ?? [value] : [value]
        settings.given.insert(name)
        for value in values {
            guard option.apply(value, &settings) else {
                throw CoordinatorError(
                    .badSubmission, "\(option.configurationKey) is \"\(value)\", and should be \(option.expected)")
            }
        }
    }
}
