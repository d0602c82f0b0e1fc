package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.runtime.cpu.peer.CpuPeerGroup;
import java.util.Map;

/** Sizes of the workspaces that callers pass to the CPU's operations, in bytes. */
@Stability(Stability.Level.INTERNAL)
public final class CpuWorkspaceSizes implements WorkspaceSizes {

    static long rmsNormPartials(long rows, long dim) {
        return Math.ceilDiv(rows, CpuNormOps.BLOCK_ROWS) * dim * Float.BYTES;
    }

    @Override
    public long attentionScores(AttentionShape shape) {
        return AttentionScores.bytes(shape);
    }

    /** One row of partial sums for each block of rows. */
    @Override
    public long rmsNormBackward(long rows, long dim) {
        return rmsNormPartials(rows, dim);
    }

    @Override
    public Map<String, Long> peerGroupMemory(int ranks) {
        return Map.of(CpuPeerGroup.FLAGS, CpuPeerGroup.deviceBytes(ranks));
    }
}
