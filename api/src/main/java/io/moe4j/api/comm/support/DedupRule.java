package io.moe4j.api.comm.support;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/**
 * How many bytes are saved, under even routing, by sending each row only once to each rank, and whether that is worth it: the rule of {@link Dedup#AUTO}.
 * Backends and plans use the same rule. Since SPI 1.3.
 *
 * <p>Example: 2 ranks, 64 experts, K = 6. A token has an expert on a given rank with probability 1 - C(32, 6) / C(64, 6) = 0.988. So on average it sends
 * 0.988 rows to the other rank instead of 3: a third.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class DedupRule {
    /**
     * Bytes that a rank has to save in one dispatch. Over a link of 400 GB/s, 4 MiB take 10 &micro;s. The additional kernel takes about 5 &micro;s, and
     * copies the same bytes within the device at ten times the rate of the link, which takes 2 &micro;s.
     */
    public static final long LEAST_SAVED_BYTES = 4L << 20;

    private DedupRule() {}

    /**
     * The number of ranks that the K distinct experts of a token are on, on average. With many experts it approaches
     * {@code ranks * (1 - (1 - 1/ranks)^topK)}; with one expert on each rank it is {@code topK}.
     */
    public static double ranksOfToken(int experts, int ranks, int topK) {
        return partsOfToken(experts, ranks, topK);
    }

    /** The same if all experts are divided into {@code parts} equal parts; a part need not be a whole number of experts. */
    private static double partsOfToken(int experts, double parts, int topK) {
        double elsewhere = experts - experts / parts;
        double missed = 1;
        for (int k = 0; k < topK; k++) {
            // Given that the k earlier experts of the token are not in the part either.
            missed *= Math.max(0, elsewhere - k) / (experts - k);
        }
        return Math.min(topK, parts * (1 - missed));
    }

    /**
     * Rows that a rank sends to all other ranks in one dispatch, on average: one for each token and rank if {@code once}, otherwise one for each expert. If
     * even routing needs several rounds, each round sends a row once: two rounds send as many rows as one round to twice as many ranks.
     */
    public static double rowsToOthers(CommConfig config, int ranks, boolean once) {
        double rounds = config.onOverflow() == OverflowAction.ROUNDS
                ? Math.max(1, (double) config.routedRows() / Math.max(1, config.capacityRows(ranks)))
                : 1;
        double copies = once ? partsOfToken(config.experts(), ranks * rounds, config.topK()) : config.topK();
        return config.tokens() * copies * (ranks - 1) / ranks;
    }

    /** Bytes of a dispatched row, including its scales if it has any. */
    public static long rowBytes(CommConfig config) {
        return Tensor.bytes(config.rowType(), config.dim()) + Tensor.bytes(DType.F32, config.scalesOfRow());
    }

    /** Whether {@link Dedup#AUTO} sends rows once between devices: it saves at least {@link #LEAST_SAVED_BYTES}. The same on all ranks. */
    public static boolean pays(CommConfig config, int ranks) {
        double saved = rowsToOthers(config, ranks, false) - rowsToOthers(config, ranks, true);
        return saved * rowBytes(config) >= LEAST_SAVED_BYTES;
    }
}
