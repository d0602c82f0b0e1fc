package io.moe4j.autograd.sharding;

import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The positions of a unit's parameters in its flat buffer, and of the buffer in its shards. All positions and sizes are in elements. */
final class FlatLayout {
    /** Every parameter, and every shard, starts at a multiple of this: 256 bytes of BF16 or more. */
    private static final long ALIGNMENT = 128;

    /** The elements {@code from} (inclusive) to {@code to} (exclusive) of the flat buffer. */
    record Range(long from, long to) {}

    /** The part of a parameter that lies in a shard. */
    record Piece(Parameter parameter, long fromInParameter, long fromInShard, long count) {

        /** The part of this piece that lies in elements {@code from} to {@code to} of the shard. */
        Optional<Piece> within(long from, long to) {
            long low = Math.max(from, fromInShard);
            long high = Math.min(to, fromInShard + count);
            return low < high
                    ? Optional.of(new Piece(parameter, fromInParameter + low - fromInShard, low, high - low))
                    : Optional.empty();
        }

        /** The same piece, positioned in a part of the shard that begins at its element {@code first}. */
        Piece after(long first) {
            return new Piece(parameter, fromInParameter, fromInShard - first, count);
        }
    }

    private final List<Parameter> parameters;
    private final List<Long> starts = new ArrayList<>();
    private final long elements;
    private final long shardElements;

    FlatLayout(List<Parameter> parameters, int shards) {
        this.parameters = List.copyOf(parameters);
        long next = 0;
        for (Parameter parameter : parameters) {
            starts.add(next);
            next = aligned(next + parameter.elements());
        }
        shardElements = aligned(Math.ceilDiv(next, shards));
        elements = Math.multiplyExact(shardElements, shards);
    }

    List<Parameter> parameters() {
        return parameters;
    }

    long elements() {
        return elements;
    }

    long shardElements() {
        return shardElements;
    }

    /** The elements of a parameter in a buffer of all elements. */
    Tensor part(Tensor flat, int parameter) {
        long start = starts.get(parameter);
        return flat.slice(0, start, start + parameters.get(parameter).elements());
    }

    /** The values of each parameter in a buffer of all elements, each in its shape. */
    Map<Parameter, Tensor> parts(Tensor flat) {
        Map<Parameter, Tensor> parts = new LinkedHashMap<>();
        for (int i = 0; i < parameters.size(); i++) {
            parts.put(parameters.get(i), part(flat, i).view(parameters.get(i).shape()));
        }
        return parts;
    }

    long start(int parameter) {
        return starts.get(parameter);
    }

    /** The gaps between and after the parameters. */
    List<Range> gaps() {
        List<Range> gaps = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            long end = starts.get(i) + parameters.get(i).elements();
            long next = i + 1 < parameters.size() ? starts.get(i + 1) : elements;
            if (next > end) {
                gaps.add(new Range(end, next));
            }
        }
        return gaps;
    }

    /** The pieces of parameters that shard {@code index} holds. */
    List<Piece> pieces(int index) {
        long low = index * shardElements;
        long high = low + shardElements;
        List<Piece> pieces = new ArrayList<>();
        for (int i = 0; i < parameters.size(); i++) {
            long from = Math.max(low, starts.get(i));
            long to = Math.min(high, starts.get(i) + parameters.get(i).elements());
            if (from < to) {
                pieces.add(new Piece(parameters.get(i), from - starts.get(i), from - low, to - from));
            }
        }
        return pieces;
    }

    private static long aligned(long elements) {
        return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
