// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import Testing

@testable import martlet

@Suite struct PrecedenceTests {
    @Test func theCommandLineWinsOverTheEnvironmentAndThatOverTheFile() throws {
        var workshop = ParserWorkshop(configuration: [.init(key: "crf", values: ["18"])])
        #expect(try workshop.settings("transcode a b.mp4 --config c.json").parameters.crf == 18)
        workshop.environment["MARTLET_CRF"] = "19"
        #expect(try workshop.settings("transcode a b.mp4 --config c.json").parameters.crf == 19)
        #expect(try workshop.settings("transcode a b.mp4 --config c.json --crf 20").parameters.crf == 20)
    }

    @Test func aQualityFromTheCommandLineReplacesOneFromElsewhere() throws {
        var workshop = ParserWorkshop(configuration: [
            .init(key: "bitrate", values: ["4M"]), .init(key: "two_pass", values: ["true"]),
        ])
        let typed = try workshop.settings("transcode a b.mp4 --config c --crf 20").parameters
        #expect((typed.crf, typed.bitrate, typed.twoPass) == (20, nil, false))
        workshop.environment["MARTLET_TARGET_QUALITY"] = "ssim:0.98"
        let fromEnvironment = try workshop.settings("transcode a b.mp4 --config c").parameters
        #expect(fromEnvironment.targetQuality != nil && fromEnvironment.bitrate == nil)
        let both = try workshop.settings("transcode a b.mp4 --crf 20 --bitrate 1M")
        #expect(throws: CommandLineError.self) {
            try RequestBuilder(settings: both).request(input: "a", output: "b.mp4")
        }
    }

    @Test func theEnvironmentCanNameTheFile() throws {
        let workshop = ParserWorkshop(
            environment: ["MARTLET_CONFIG": "c.json"], configuration: [.init(key: "preset", values: ["slow"])])
        #expect(try workshop.settings("transcode a b.mp4").parameters.preset == "slow")
    }

    @Test func listsComeFromTheWinnerAlone() throws {
        let workshop = ParserWorkshop(
            environment: ["MARTLET_VIDEO_OPTION": "bf=1 refs=2"],
            configuration: [.init(key: "video_option", values: ["bf=9"])])
        #expect(
            try workshop.settings("transcode a b.mp4 --config c").videoOptions
                == [EncoderOption("bf", "1"), EncoderOption("refs", "2")])
        #expect(
            try workshop.settings("transcode a b.mp4 --config c --video-option bf=3").videoOptions
                == [EncoderOption("bf", "3")])
    }

    @Test func anEmptyVariableSaysNothing() throws {
        let workshop = ParserWorkshop(environment: ["MARTLET_CRF": ""])
        #expect(try workshop.settings("transcode a b.mp4").parameters.crf == nil)
    }

    @Test func aBadValueNamesWhereItStands() {
        let fromEnvironment = ParserWorkshop(environment: ["MARTLET_CRF": "x"]).error("transcode a b.mp4")
        #expect(
            fromEnvironment?.message
                == "The environment variable `MARTLET_CRF` does not take `x`: it wants a number from 0 to 255.")
        let fromFile = ParserWorkshop(configuration: [.init(key: "crf", values: ["x"])]).error(
            "transcode a b.mp4 --config c.json")
        #expect(fromFile?.message == "The key `crf` of c.json does not take `x`: it wants a number from 0 to 255.")
    }

    @Test func unknownKeysAreReported() {
        let workshop = ParserWorkshop(configuration: [.init(key: "presets", values: ["slow"])])
        #expect(
            workshop.error("transcode a b.mp4 --config c.json")
                == CommandLineError(
                    .badConfiguration, "The key `presets` of c.json means nothing to Martlet.",
                    advice: "Did you mean `preset`?"))
    }

    @Test func keysOfOtherCommandsAreLeftAlone() throws {
        let workshop = ParserWorkshop(configuration: [.init(key: "crf", values: ["18"])])
        #expect(try workshop.request("probe a --config c.json") == .run(.probe, Settings(), arguments: ["a"]))
    }

    @Test func aListForAnOptionThatStandsOnceIsRefused() {
        let workshop = ParserWorkshop(configuration: [.init(key: "crf", values: ["18", "19"])])
        #expect(workshop.error("transcode a b.mp4 --config c.json")?.code == .badConfiguration)
    }

    @Test func jsonValuesReadAsTheyWouldBeTyped() throws {
        let text =
            #"{"crf": 20, "frame_rate": 23.976, "overwrite": true, "preset": "slow", "video_option": ["a=1", "b=2"], "name": null}"#
        let entries = try ConfigurationFile.entries(of: Data(text.utf8), named: "c.json")
        #expect(
            entries == [
                .init(key: "crf", values: ["20"]), .init(key: "frame_rate", values: ["23.976"]),
                .init(key: "overwrite", values: ["true"]), .init(key: "preset", values: ["slow"]),
                .init(key: "video_option", values: ["a=1", "b=2"]),
            ])
    }

    @Test(arguments: ["", "[]", "{", #"{"a": {"b": 1}}"#])
    func whatIsNoObjectOfOptionsIsRefused(text: String) {
        #expect(throws: CommandLineError.self) { try ConfigurationFile.entries(of: Data(text.utf8), named: "c.json") }
    }

    @Test func aMissingFileIsNamed() {
        let parser = OptionParser(environment: [:], readConfiguration: ConfigurationFile.read)
        #expect(
            throws: CommandLineError(
                .badConfiguration, "The configuration file /nowhere/c.json cannot be read.",
                advice: "Check its path and its permissions.")
        ) {
            try parser.parse(["probe", "a", "--config", "/nowhere/c.json"])
        }
    }
}
