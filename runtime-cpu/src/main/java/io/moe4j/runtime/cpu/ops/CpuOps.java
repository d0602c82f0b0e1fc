package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.ActivationOps;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.ops.EmbeddingOps;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.Optional;

/** The operations on the CPU. Results do not depend on the number of cores: work is divided by shape only, and sums have a fixed order. */
@Stability(Stability.Level.INTERNAL)
public record CpuOps(MatmulOps matmul, ElementwiseOps elementwise, NormOps norm, RopeOps rope, AttentionOps attention,
        ActivationOps activation, EmbeddingOps embedding, RoutingOps routing, LossOps loss, OptimizerOps optimizer,
        Optional<ScalingOps> scaling)
        implements DeviceOps {

    /** Operations that submit their work through {@code commands}. */
    public CpuOps(Commands commands) {
        this(commands, new TileScratch());
    }

    private CpuOps(Commands commands, TileScratch scratch) {
        this(new CpuMatmulOps(commands, scratch), new CpuElementwiseOps(commands, scratch),
                new CpuNormOps(commands, scratch), new CpuRopeOps(commands, scratch),
                new CpuAttentionOps(commands, scratch), new CpuActivationOps(commands, scratch),
                new CpuEmbeddingOps(commands, scratch), new CpuRoutingOps(commands),
                new CpuLossOps(commands, scratch), new CpuOptimizerOps(commands, scratch),
                Optional.of(new CpuScalingOps(commands)));
    }

    @Override
    public boolean supports(DType operands) {
        return operands.isFloating();
    }
}
