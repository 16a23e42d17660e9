/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Martlet authors
 */
#define _GNU_SOURCE
#include "cmemory.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

void martlet_return_freed_blocks(int arenas) {
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
    mallopt(M_ARENA_MAX, arenas);
    malloc_trim(0);
}

static int has_text_relocations(const struct dl_phdr_info *object) {
    for (int i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
                return 1;
    }
    return 0;
}

static int release(struct dl_phdr_info *object, size_t size, void *page_size) {
    (void)size;
    if (has_text_relocations(object))
        return 0;
    const ElfW(Addr) mask = *(const ElfW(Addr) *)page_size - 1;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        const ElfW(Addr) start = (object->dlpi_addr + segment->p_vaddr) & ~mask;
        const ElfW(Addr) end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz + mask) & ~mask;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void martlet_release_library_pages(void) {
    ElfW(Addr) page_size = (ElfW(Addr))sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(release, &page_size);
}

int martlet_release_file_part(int descriptor, int64_t offset, int64_t length) {
    int mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
    return fallocate(descriptor, mode, (off_t)offset, (off_t)length) == 0 ? 0 : errno;
}
