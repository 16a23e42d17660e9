// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct VideoCommandTests {
    @Test func theDefaultEncodeIsX264() throws {
        let task = try Sample.firstTask(segment: 1)
        #expect(
            Sample.text(task.command) == """
                -copyts -noaccurate_seek -ss 12.130434 -threads 1 -noautorotate -i file:IN -map 0:0 -an -sn -dn \
                -filter_threads 1 -vf trim=start_pts=12000:end_pts=24000,\
                scale=w=1280:h=720:flags=bicubic+accurate_rnd+bitexact+full_chroma_int,format=pix_fmts=yuv420p,setsar=sar=0 \
                -fps_mode passthrough -enc_time_base -1 -c:v libx264 -preset:v medium -crf:v 23 -g:v 250 -threads:v 1 \
                -x264-params stitchable=1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact -f matroska file:OUT
                """)
    }
}
