package io.moe4j.data;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The state of {@link StreamedSequences}, as a checkpoint stores it.
 *
 * @param start the beginning of the current block
 * @param length tokens of a sequence, its last label included
 * @param inBlock sequences of the block that were passed
 * @param passed sequences that were passed since training began
 * @param inEpoch sequences of the current epoch that were passed
 * @param epochSequences sequences of a whole epoch; 0 if that is not known yet
 * @param longest counts of the longest epoch before this one
 */
record StreamState(BlockReader.Start start, int length, int inBlock, long passed, long inEpoch,
        long epochSequences, DataCounts longest) {
    static final String KIND = "stream-1";

    static StreamState beginning(StreamOptions options) {
        return new StreamState(BlockReader.Start.of(0, options), options.sequenceTokens() + 1, 0, 0, 0, 0,
                DataCounts.NONE);
    }

    /** At the beginning of another epoch, after this many sequences more. */
    StreamState atEpoch(long epoch, long more, StreamOptions options) {
        return new StreamState(BlockReader.Start.of(epoch, options), length, 0, passed + more, 0, epochSequences,
                longest);
    }

    /** For changed files, whose number of sequences is unknown. */
    StreamState withoutEpochLength() {
        return new StreamState(start, length, inBlock, passed, inEpoch, 0, longest);
    }

    /** For sequences of another length: near the same place, where the block begins. */
    StreamState withLength(int other) {
        if (other == length) {
            return this;
        }
        int converted = Math.toIntExact(Math.min(Integer.MAX_VALUE - 8, (long) inBlock * length / other));
        BlockReader.Start longer = new BlockReader.Start(start.epoch(), start.number(), start.place(), start.seed(),
                Math.toIntExact(Math.max(1, (long) start.sequences() * length / other)));
        return new StreamState(longer, other, converted, passed - inBlock + converted,
                inEpoch - inBlock + converted, 0, longest);
    }

    /** At the beginning of the block. */
    StreamState back() {
        return new StreamState(start, length, 0, passed - inBlock, inEpoch - inBlock, epochSequences, longest);
    }

    /** With a block that follows. */
    StreamState begun(BlockReader.Block block) {
        boolean newEpoch = block.start().epoch() != start.epoch();
        return new StreamState(block.start(), length, 0, passed, newEpoch ? 0 : inEpoch,
                newEpoch && inEpoch > 0 ? inEpoch : epochSequences,
                newEpoch ? longer(longest, start.place().counts()) : longest);
    }

    /** After more sequences of a block, of which {@code in} were passed. */
    StreamState passed(int more, BlockReader.Block block, int in) {
        boolean whole = in == block.order().length;
        return new StreamState(whole ? block.after() : block.start(), length, whole ? 0 : in, passed + more,
                inEpoch + more, epochSequences, longest);
    }

    /** The counts of the pass that has read more documents. */
    static DataCounts longer(DataCounts before, DataCounts now) {
        return now.documents() + now.badLines() >= before.documents() + before.badLines() ? now : before;
    }

    /** As a position, with the fingerprint of the files. */
    SourcePosition encode(String source, CorpusFingerprint files) {
        Map<String, String> values = new LinkedHashMap<>(files.values());
        values.put("epoch", String.valueOf(start.epoch()));
        values.put("block", String.valueOf(start.number()));
        values.put("file", String.valueOf(start.place().file()));
        values.put("position", start.place().position());
        values.put("tokens", String.valueOf(start.place().tokens()));
        values.put("counts", text(start.place().counts()));
        values.put("longest", text(longest));
        values.put("length", String.valueOf(length));
        values.put("seed", String.valueOf(start.seed()));
        values.put("block_sequences", String.valueOf(start.sequences()));
        values.put("in_block", String.valueOf(inBlock));
        values.put("passed", String.valueOf(passed));
        values.put("in_epoch", String.valueOf(inEpoch));
        values.put("epoch_sequences", String.valueOf(epochSequences));
        return new SourcePosition(source, KIND, values);
    }

    static StreamState decode(SourcePosition position) {
        if (!position.kind().equals(KIND)) {
            throw position.damaged("is of another kind than " + KIND
                    + ": the source was read in another way, or by another version of moe4j");
        }
        DocumentStream.Place place = new DocumentStream.Place(small(position, "file"), position.text("position"),
                position.count("tokens"), counts(position, "counts"));
        StreamState state = new StreamState(
                new BlockReader.Start(position.count("epoch"), position.count("block"), place, seed(position),
                        Math.max(1, small(position, "block_sequences"))),
                small(position, "length"), small(position, "in_block"), position.count("passed"),
                position.count("in_epoch"), position.count("epoch_sequences"), counts(position, "longest"));
        if (state.length < 2 || state.inBlock > state.inEpoch || state.inEpoch > state.passed
                || place.position().length() > 1000) {
            throw position.damaged("contradicts itself: " + state);
        }
        return state;
    }

    private static int small(SourcePosition position, String key) {
        long count = position.count(key);
        if (count > Integer.MAX_VALUE - 8) {
            throw position.damaged("has \"" + key + "\" = " + count + ", which is too large");
        }
        return (int) count;
    }

    private static long seed(SourcePosition position) {
        try {
            return Long.parseLong(position.text("seed"));
        } catch (NumberFormatException e) {
            throw position.damaged("has a \"seed\" that is no number");
        }
    }

    private static String text(DataCounts counts) {
        return List.of(counts.documents(), counts.emptyDocuments(), counts.badLines(), counts.loneSurrogates(),
                counts.invalidBytes()).stream().map(String::valueOf).collect(Collectors.joining(" "));
    }

    private static DataCounts counts(SourcePosition position, String key) {
        String text = position.text(key);
        if (!text.matches("[0-9]{1,18}( [0-9]{1,18}){4}")) {
            throw position.damaged("has \"" + key + "\" that are not five counts");
        }
        long[] counts = Arrays.stream(text.split(" ")).mapToLong(Long::parseLong).toArray();
        return new DataCounts(counts[0], counts[1], counts[2], counts[3], counts[4]);
    }
}
