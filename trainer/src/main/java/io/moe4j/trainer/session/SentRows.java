package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.support.DedupRule;
import io.moe4j.api.device.DeviceKind;

/**
 * Rows that one dispatch of a rank sends to other ranks under even routing, counted in two ways: if each copy of a row is sent, and if each row is sent
 * once to each rank.
 *
 * @param ranks EP
 * @param topK K
 * @param ranksOfToken the average number of ranks on which a token has experts
 * @param eachCopy the number of rows sent, if one is sent for each expert
 * @param once the number of rows sent, if one is sent to each rank
 * @param rowBytes bytes of a row
 * @param isOnce whether rows are sent once; with {@code moe.dedup = "auto"}, as if each rank had a device of its own
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SentRows(int ranks, int topK, double ranksOfToken, double eachCopy, double once, long rowBytes,
        boolean isOnce) {

    /** The rows of this exchange. */
    public static SentRows of(CommConfig config, int ranks, CommBackendProvider provider, DeviceKind kind) {
        // All ranks share the one CPU device, so sending rows once saves nothing.
        boolean isOnce = provider.sendsRowsOnce() && ranks > 1 && (config.dedup() == Dedup.ON
                || (config.dedup() == Dedup.AUTO && !kind.equals(DeviceKind.CPU) && DedupRule.pays(config, ranks)));
        return new SentRows(ranks, config.topK(), DedupRule.ranksOfToken(config.experts(), ranks, config.topK()),
                DedupRule.rowsToOthers(config, ranks, false), DedupRule.rowsToOthers(config, ranks, true),
                DedupRule.rowBytes(config), isOnce);
    }

    /** Bytes of the rows that are sent, in the way that was chosen. */
    public long bytes() {
        return isOnce ? bytesOnce() : bytesOfEachCopy();
    }

    /** Bytes of the rows if each copy is sent. */
    public long bytesOfEachCopy() {
        return Math.round(eachCopy * rowBytes);
    }

    /** Bytes of the rows if each is sent once to each rank, plus 4 bytes for each expert: the index of the row to which the receiver copies it. */
    public long bytesOnce() {
        return Math.round(once * rowBytes + eachCopy * Integer.BYTES);
    }
}
