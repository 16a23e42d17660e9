// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import Testing

@Suite struct ScoreListTests {
    @Test func theMeanOfSSIMIsThatOfAllPlanes() throws {
        let text = """
            n:1 Y:0.500000 U:0.900000 V:0.900000 All:0.900000 (10.000000)
            n:2 Y:0.500000 U:0.900000 V:0.900000 All:1.000000 (inf)

            """
        let scores = try #require(ScoreList(text))
        #expect(scores.count == 2)
        #expect(abs(scores.mean - 0.95) < 1e-12)
    }

    @Test func theMeanOfVMAFIsThatOfItsColumn() throws {
        let text = """
            Frame,integer_adm2,integer_motion2,vmaf,
            0,0.98,0.0,90.5,
            1,0.97,1.5,91.5,

            """
        let scores = try #require(ScoreList(text))
        #expect(scores.count == 2)
        #expect(abs(scores.mean - 91) < 1e-12)
    }

    @Test(arguments: [
        "", "\n", "nothing\n", "n:1 Y:0.5 All:0.9\nn:2 Y:0.5\n", "n:1 All:nan\n", "Frame,psnr,\n0,40,\n",
        "Frame,vmaf,\n", "Frame,x,vmaf,\n0,1\n", "Frame,vmaf,\n0,high,\n",
    ])
    func whatIsNoListOfScoresIsRefused(text: String) {
        #expect(ScoreList(text) == nil)
    }
}
