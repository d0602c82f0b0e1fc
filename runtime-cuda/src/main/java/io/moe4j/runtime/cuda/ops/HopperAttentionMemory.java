package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The workspace of the gradient in {@link HopperAttention}: counters, the values stored for each query, and the gradients of scores. The last are bf16
 * tiles of 64 queries by 128 keys, 16 KiB each, only those that causal attention needs. For example, a head of 4096 queries has 1056 tiles, 16.5 MiB.
 * They are kept for as many heads as there is space for, so the gradient runs in rounds of heads. If rounds would be too small to keep a GPU busy,
 * nothing is kept, and the gradients of scores are computed a second time. The choice depends only on the shape and the bytes of the workspace.
 */
final class HopperAttentionMemory {
    static final int BLOCK = 128;
    static final int TILE = 64;
    /** Three words for each query of a tile, and four more: RowValues in {@code attention_backward_sm90.cuh}. */
    static final int ROW_VALUES_OF_TILE = (3 * TILE + 4) * Float.BYTES;

    private static final int COUNTERS = 256;
    private static final long COUNTER_BYTES = COUNTERS * (long) Integer.BYTES;
    private static final long TILE_BYTES = 2L * TILE * BLOCK;
    private static final long SCORES_LIMIT = 640L << 20;
    /** The limit for grouped queries, if rounds would be too small otherwise: 8 key heads of 4096 tokens, each with 8 query heads, take 1056 MiB. */
    private static final long GROUPED_SCORES_LIMIT = 1088L << 20;
    /**
     * Blocks of keys that a round needs at least. The longest block is seen by twice as many queries as the average one; with this many blocks it does not
     * take longer than the share of each of 132 multiprocessors. With half as many, the gradient of grouped queries took 1.7 times as long.
     */
    private static final long BLOCKS_OF_KEYS = 256;
    /** Blocks of queries that a round needs at least; two are processed together. With half as many, keeping gradients of scores gains nothing. */
    private static final long BLOCKS_OF_QUERIES = 512;

    private static final long WIDE = 192;
    private static final long NARROW = 128;

    private final AttentionShape shape;
    private final Tensor workspace;

    HopperAttentionMemory(AttentionShape shape, Tensor workspace) {
        this.shape = shape;
        this.workspace = workspace;
    }

    /** Whether the kernels take this shape. */
    static boolean mayUse(AttentionShape s) {
        boolean type = switch (s.dtype()) {
            case BF16 -> true;
            case F32, I32, I64, F8_E4M3 -> false;
        };
        return type && (s.queryKeyDim() == WIDE || s.queryKeyDim() == NARROW) && s.valueDim() == NARROW
                && s.batch() * s.heads() * (blocks(s) + 1) * BLOCK <= Integer.MAX_VALUE;
    }

    /** Bytes without which the kernels cannot run. */
    static long leastBytes(AttentionShape s) {
        return COUNTER_BYTES + rowsBytes(s);
    }

    /** Bytes with which they are fast. */
    static long usefulBytes(AttentionShape s) {
        long heads = headsOfRound(s, SCORES_LIMIT);
        if (heads == 0 && s.queriesPerKey() > 1) {
            heads = headsOfRound(s, GROUPED_SCORES_LIMIT);
        }
        return leastBytes(s) + heads * scoresBytesOfKeyHead(s);
    }

    /** Key heads of a round if there are {@code bytes} bytes for gradients of scores; 0 if none are to be kept. */
    private static long headsOfRound(AttentionShape s, long bytes) {
        long heads = s.batch() * s.keyHeads();
        long fit = bytes / scoresBytesOfKeyHead(s);
        if (fit >= heads) {
            return heads;
        }
        long rounds = fit == 0 ? 0 : Math.ceilDiv(heads, fit);
        long each = rounds == 0 ? 0 : Math.ceilDiv(heads, rounds);
        boolean small = each * blocks(s) < BLOCKS_OF_KEYS || each * s.queriesPerKey() * blocks(s) < BLOCKS_OF_QUERIES;
        return small || 2 * rounds > COUNTERS ? 0 : each;
    }

    /** Blocks of queries of a sequence. */
    static long blocks(AttentionShape s) {
        return Math.ceilDiv(s.sequence(), (long) BLOCK);
    }

    private static long rowsBytes(AttentionShape s) {
        return s.batch() * s.heads() * blocks(s) * (BLOCK / TILE) * ROW_VALUES_OF_TILE;
    }

    private static long scoresBytesOfKeyHead(AttentionShape s) {
        return s.queriesPerKey() * blocks(s) * (blocks(s) + 1) * TILE_BYTES;
    }

    /** A range of counters at the beginning of a workspace. */
    static Tensor counters(Tensor workspace, int first, int count) {
        return Tensor.of(workspace.memory(), workspace.byteOffset() + first * (long) Integer.BYTES, DType.I32, count);
    }

    Tensor counters() {
        return counters(workspace, 0, COUNTERS);
    }

    Tensor rows() {
        return part(COUNTER_BYTES, rowsBytes(shape));
    }

    Tensor scores() {
        return part(leastBytes(shape), workspace.bytes() - leastBytes(shape));
    }

    private Tensor part(long offset, long bytes) {
        return Tensor.of(workspace.memory(), workspace.byteOffset() + offset, DType.I32, bytes / Integer.BYTES);
    }

    /** Heads of keys that are processed together, counted over all sequences. */
    record Round(long firstKeyHead, long keyHeads, Tensor counterOfKeys, Tensor counterOfQueries) {}

    /** All heads at once. */
    Round all() {
        return round(0, 0, shape.batch() * shape.keyHeads());
    }

    /** The rounds in which gradients of scores are kept; empty if there is no space for them. */
    Optional<List<Round>> rounds() {
        long heads = shape.batch() * shape.keyHeads();
        long each = headsOfRound(shape, workspace.bytes() - leastBytes(shape));
        if (each == 0) {
            return Optional.empty();
        }
        List<Round> rounds = new ArrayList<>();
        for (long first = 0; first < heads; first += each) {
            rounds.add(round(rounds.size(), first, Math.min(each, heads - first)));
        }
        return Optional.of(rounds);
    }

    private Round round(int number, long first, long count) {
        return new Round(first, count, counters(workspace, 2 * number, 1), counters(workspace, 2 * number + 1, 1));
    }
}
