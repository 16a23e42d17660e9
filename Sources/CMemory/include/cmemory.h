/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Martlet authors
 */
#pragma once

/*
 * Makes malloc take every block of 256 KiB or more from the system and give it
 * back when it is freed. By itself the limit rises to the largest block ever
 * freed (mallopt(3), M_MMAP_THRESHOLD), and a demuxer's index is large.
 */
void martlet_return_large_blocks(void);

/*
 * Gives the pages of the program's and its libraries' read-only segments back
 * to the system; the page cache hands them out again where they are used.
 *
 * Linking touches most of the libraries that libavcodec brings along, none of
 * which runs. Segments that linking wrote to (PF_W, which includes those made
 * read-only afterwards) and libraries with text relocations are left alone.
 */
void martlet_release_library_pages(void);
