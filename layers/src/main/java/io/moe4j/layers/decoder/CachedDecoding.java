package io.moe4j.layers.decoder;

import io.moe4j.api.device.Memory;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.model.DecodingSession;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.layers.block.Block;
import io.moe4j.layers.block.CacheRows;
import java.util.ArrayList;
import java.util.List;

/**
 * One sequence that is generated. The cache is one block of memory, with (capacity, C) elements for each layer; C is what the layer's attention keeps of a
 * token.
 */
final class CachedDecoding implements DecodingSession {
    private final RankContext rank;
    private final DecoderParts parts;
    private final long capacity;
    private final long vocabulary;
    private final DType dtype;
    private final Memory memory;
    private final List<Tensor> rows = new ArrayList<>();
    private long length;

    /** Allocates the cache. */
    static CachedDecoding open(DecoderSpec spec, ModelContext context, DecoderParts parts, long capacity) {
        DType dtype = context.precision().compute();
        long perToken = spec.cacheBytesPerToken(dtype).orElseThrow(() -> new UnsupportedOperationException(spec.name()
                + " cannot generate: one of its attentions has no cache; let AttentionSpec.cacheElements and CachedLayer"
                + " be implemented"));
        if (capacity < 1 || capacity > context.sequence()) {
            throw new IllegalArgumentException("a sequence of up to " + capacity + " tokens: " + spec.name()
                    + " was opened for 1 to " + context.sequence());
        }
        return new CachedDecoding(spec, context, parts, capacity,
                context.rank().device().allocate(Math.multiplyExact(perToken, capacity), "cache of generation"));
    }

    private CachedDecoding(DecoderSpec spec, ModelContext context, DecoderParts parts, long capacity, Memory memory) {
        this.rank = context.rank();
        this.parts = parts;
        this.capacity = capacity;
        this.vocabulary = spec.vocabulary();
        this.dtype = context.precision().compute();
        this.memory = memory;
        long at = 0;
        for (BlockSpec block : spec.blocks()) {
            Tensor layer = Tensor.of(memory, at, dtype, capacity, block.attention().cacheElements().orElseThrow());
            rows.add(layer);
            at += layer.bytes();
        }
    }

    @Override
    public long capacity() {
        return capacity;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public long cacheBytes() {
        return memory.bytes();
    }

    @Override
    public void append(Tensor ids_T, Tensor logits_1V) {
        long tokens = ids_T.elements();
        if (ids_T.dtype() != DType.I32 || ids_T.rank() != 1 || tokens < 1 || logits_1V.dtype() != DType.F32
                || !logits_1V.shape().equals(List.of(1L, vocabulary))) {
            throw new IllegalArgumentException("ids are " + ids_T + " and logits " + logits_1V
                    + "; they must be I32 (T) with T at least 1, and F32 (1, " + vocabulary + ")");
        }
        if (tokens > capacity - length) {
            throw new IllegalArgumentException(
                    tokens + " tokens after " + length + ": the cache has room for " + capacity
                            + "; open it with a larger capacity, or truncate the sequence");
        }
        try (Scope scope = rank.memory().open()) {
            Tensor x_TD = parts.embedding().forward(Tape.inference(rank), ids_T).tensor();
            for (int layer = 0; layer < rows.size(); layer++) {
                apply(parts.blocks().get(layer), x_TD,
                        new CacheRows(rows.get(layer).slice(0, 0, length + tokens), length));
            }
            parts.head().logits(x_TD.slice(0, tokens - 1, tokens), logits_1V);
        }
        length += tokens;
    }

    /** Replaces x by the block's output. */
    private void apply(Block block, Tensor x_TD, CacheRows cache) {
        try (Scope scope = rank.memory().open(); Gathering gathered = Gathering.of(block.units())) {
            Tape tape = Tape.inference(rank);
            rank.stream().copy(block.forward(tape, tape.input(x_TD, false), cache).tensor(), x_TD);
        }
    }

    @Override
    public void truncate(long to) {
        if (to < 0 || to > length) {
            throw new IllegalArgumentException("truncation to " + to + " tokens: the sequence has " + length);
        }
        length = to;
    }

    @Override
    public void close() {
        memory.close();
    }
}
