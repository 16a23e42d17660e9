/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Martlet authors
 */
#pragma once

#include <stdint.h>

/*
 * Gives what was freed back to the system, and makes malloc do so by itself
 * with every block of 256 KiB or more. By default that limit rises to the
 * largest block ever freed (mallopt(3), M_MMAP_THRESHOLD), and a demuxer's index
 * is large. Threads share so many arenas: each keeps rests of its own, and two
 * threads that share one wait for each other.
 */
void martlet_return_freed_blocks(int arenas);

/*
 * Gives the pages of the program's and its libraries' read-only segments back
 * to the system; the page cache hands them out again where they are used.
 *
 * Linking touches most of the libraries that libavcodec brings along, none of
 * which runs. Segments that linking wrote to (PF_W, which includes those made
 * read-only afterwards) and libraries with text relocations are left alone.
 */
void martlet_release_library_pages(void);

/*
 * Gives the space of a part of a file back to the system; its bytes are zero
 * from then on. 0, or the value of errno. Swift's C library module leaves
 * fallocate(2) out.
 */
int martlet_release_file_part(int descriptor, int64_t offset, int64_t length);
