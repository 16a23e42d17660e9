// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@testable import martlet

@Suite struct OptionParserTests {
    let workshop = ParserWorkshop()

    @Test func valuesStandApartOrAfterAnEqualsSign() throws {
        #expect(try workshop.settings("transcode a b.mp4 --crf 20").parameters.crf == 20)
        #expect(try workshop.settings("transcode a b.mp4 --crf=20.5").parameters.crf == 20.5)
    }

    @Test func optionsStandAnywhereAfterTheCommand() throws {
        let request = try workshop.request("transcode --crf 20 a --overwrite b.mp4")
        guard case .run(.transcode, let settings, let arguments) = request else {
            Issue.record("\(request)")
            return
        }
        #expect(arguments == ["a", "b.mp4"])
        #expect(settings.overwrite)
    }

    @Test(arguments: [
        ("--overwrite", true), ("--overwrite=true", true), ("--overwrite=false", false), ("--overwrite=0", false),
    ])
    func flagsStandAloneOrWithAValue(option: String, expected: Bool) throws {
        #expect(try workshop.settings("transcode a b.mp4 \(option)").overwrite == expected)
    }

    @Test func shortFlagsMayBeJoined() throws {
        let settings = try workshop.settings("probe a -qv")
        #expect(settings.isQuiet && settings.isVerbose)
    }

    @Test func theLastOfSeveralValuesHolds() throws {
        #expect(try workshop.settings("transcode a b.mp4 --crf 20 --crf 21").parameters.crf == 21)
    }

    @Test func repeatableOptionsAddUp() throws {
        let options = try workshop.settings("transcode a b.mp4 --video-option tune=film --video-option bf=2")
            .videoOptions
        #expect(options == [EncoderOption("tune", "film"), EncoderOption("bf", "2")])
    }

    @Test func afterTwoDashesEverythingIsAPath() throws {
        #expect(try workshop.request(["probe", "--", "--json"]) == .run(.probe, Settings(), arguments: ["--json"]))
    }

    @Test func aValueMayBeginWithADash() throws {
        let settings = try workshop.settings(["transcode", "a", "b.mp4", "--ffmpeg-params", "-tune film"])
        #expect(settings.ffmpegParameters == [EncoderOption("tune", "film")])
    }

    @Test func anOptionIsNotTakenAsTheValueOfTheOneBefore() {
        #expect(workshop.error("transcode a b.mp4 --crf --overwrite")?.code == .missingValue)
        #expect(workshop.error("transcode a b.mp4 --crf")?.code == .missingValue)
    }

    @Test(arguments: [
        ("--help", OptionParser.Request.help(nil)), ("-h", .help(nil)), ("help", .help(nil)),
        ("help plan", .help(.plan)),
        ("transcode --help", .help(.transcode)), ("verify x --bad-value -h", .help(.verify)), ("--version", .version),
        ("probe --version", .version),
    ])
    func helpAndVersionComeBeforeEverythingElse(line: String, expected: OptionParser.Request) throws {
        if line.contains("--bad-value") {
            #expect(workshop.error(line)?.code == .unknownOption)
        } else {
            #expect(try workshop.request(line) == expected)
        }
    }

    @Test(arguments: [
        (
            "transcode a b.mp4 --crff 20", CommandLineError.Code.unknownOption,
            "`martlet transcode` has no option `--crff`.", "Did you mean `--crf`?"
        ),
        (
            "transcode a b.mp4 -x", .unknownOption, "`martlet transcode` has no option `-x`.",
            "`martlet transcode --help` lists the options. A path that begins with `-` stands after `--`."
        ),
        ("trancsode a b.mp4", .unknownCommand, "There is no command `trancsode`.", "Did you mean `martlet transcode`?"),
        (
            "transcode a b.mp4 --crf high", .badValue, "`--crf` does not take `high`: it wants a number from 0 to 255.",
            "`martlet transcode --help` says more."
        ),
        (
            "transcode a b.mp4 --container mpv", .badValue,
            "`--container` does not take `mpv`: it wants mp4, mkv, webm or mov.", "Did you mean `mp4`?"
        ),
        (
            "transcode a b.mp4 --overwrite=maybe", .badValue,
            "`--overwrite` does not take `maybe`: it wants true or false.", "`martlet transcode --help` says more."
        ),
        (
            "transcode a", .missingArgument, "`martlet transcode` wants OUTPUT.",
            "It is used as `martlet transcode INPUT OUTPUT [OPTIONS]`."
        ),
        (
            "probe a b", .extraArgument, "`martlet probe` has no use for `b`.",
            "It is used as `martlet probe FILE [OPTIONS]`; paths with blanks need quotes."
        ),
        ("completions tcsh", .badValue, "SHELL cannot be `tcsh`.", "It is one of bash, zsh, fish."),
        (
            "--json probe a", .missingArgument, "The command is missing before `--json`.",
            "The command comes first: `martlet transcode INPUT OUTPUT`."
        ),
    ])
    func mistakesAreNamedWithWhatToDo(line: String, code: CommandLineError.Code, message: String, advice: String) {
        #expect(workshop.error(line) == CommandLineError(code, message, advice: advice))
        #expect(workshop.error(line)?.exitStatus == .usage)
    }

    @Test(arguments: [
        ("--crff", "--crf"), ("--presett", "--preset"), ("--segmnet-duration", "--segment-duration"), ("--zzz", nil),
    ])
    func suggestionsAreNearButNotFarFetched(word: String, expected: String?) {
        #expect(Suggestion.nearest(to: word, among: Options.encoding.map { "--" + $0.name }) == expected)
    }
}
