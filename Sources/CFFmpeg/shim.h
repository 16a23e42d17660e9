#pragma once
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>
#include <libavutil/display.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/error.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

/* Cast macros and tag macros, which Swift's importer cannot see. */
static const int64_t MARTLET_NOPTS = AV_NOPTS_VALUE;
static const int MARTLET_EOF = AVERROR_EOF;
static const int MARTLET_INVALID_DATA = AVERROR_INVALIDDATA;
static inline int martlet_averror(int code) { return AVERROR(code); }

/* The index entry's flags and size are bit-fields. */
static inline int martlet_index_flags(const AVIndexEntry *entry) { return entry->flags; }

/* Side data moved from AVStream to AVCodecParameters in FFmpeg 6.1 (lavc 60.30). */
static inline const uint8_t *martlet_side_data(const AVStream *stream, enum AVPacketSideDataType type, size_t *size) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 100)
    const AVPacketSideData *data = av_packet_side_data_get(
        stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, type);
    if (size) *size = data ? data->size : 0;
    return data ? data->data : NULL;
#else
    return av_stream_get_side_data(stream, type, size);
#endif
}

/* The way to add stream side data changed with the move. */
static inline int martlet_add_side_data(AVStream *stream, enum AVPacketSideDataType type, const uint8_t *bytes, size_t size) {
    uint8_t *copy = (uint8_t *)av_memdup(bytes, size);
    if (!copy) return AVERROR(ENOMEM);
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 100)
    if (!av_packet_side_data_add(&stream->codecpar->coded_side_data, &stream->codecpar->nb_coded_side_data,
                                 type, copy, size, 0)) { av_free(copy); return AVERROR(ENOMEM); }
    return 0;
#else
    int result = av_stream_add_side_data(stream, type, copy, size);
    if (result < 0) av_free(copy);
    return result;
#endif
}

/* Frame flags replaced fields in FFmpeg 6.1. */
static inline int martlet_frame_is_interlaced(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return (frame->flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
    return frame->interlaced_frame;
#endif
}
static inline int martlet_frame_is_top_first(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return (frame->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST) != 0;
#else
    return frame->top_field_first;
#endif
}

static inline int martlet_frame_is_key(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return (frame->flags & AV_FRAME_FLAG_KEY) != 0;
#else
    return frame->key_frame;
#endif
}

/* How many fields longer than a frame the parser says that the last packet is shown; -1 without a parser. */
static inline int martlet_parser_repeat(const AVStream *stream) {
#if LIBAVFORMAT_VERSION_MAJOR < 61
    const struct AVCodecParserContext *parser = av_stream_get_parser(stream);
    return parser ? parser->repeat_pict : -1;
#else
    (void)stream;
    return -1;
#endif
}

/* How many clock ticks a frame has: a field of the decoder until FFmpeg 7.1. */
static inline int martlet_ticks_per_frame(const AVCodecContext *context) {
#if LIBAVCODEC_VERSION_MAJOR < 60
    return context->ticks_per_frame;
#else
    (void)context;
    return 1;
#endif
}

/* The number of channels moved into a layout in FFmpeg 5.1. */
static inline int martlet_channels(const AVCodecParameters *parameters) { return parameters->ch_layout.nb_channels; }

/* The decoder's own frame duration was renamed in FFmpeg 6.1. */
static inline int64_t martlet_frame_duration(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    return frame->duration;
#else
    return frame->pkt_duration;
#endif
}
