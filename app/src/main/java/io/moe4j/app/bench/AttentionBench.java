package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.api.InputException;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Times the attention of one block of a model, and its gradient, on one rank. */
@Stability(Stability.Level.EVOLVING)
public final class AttentionBench {

    private AttentionBench() {}

    /** Runs on one rank, over the sequences of its batch. */
    public static BenchReport run(TrainerConfig config, Registry registry, BenchOptions options) {
        BenchSetup setup = BenchSetup.of(config, registry, options);
        AttentionShape shape = setup.spec()
                .attention(config.training().localBatchSize(), config.training().seqLen(), setup.dtype())
                .orElseThrow(() -> new InputException("the model " + setup.spec().name()
                        + " does not say the shape of its attention; choose one that does, such as deepseek_v3"));
        try (Device device = setup.openDevice()) {
            MachineRates rates = setup.rates(device);
            List<BenchPart.Timed> times = setup.alone(device, rank -> time(rank, setup, shape));
            return BenchReport.of("attention", setup, List.of(device), rates, times).with(describe(shape));
        }
    }

    private static Map<String, Object> describe(AttentionShape shape) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("batch", shape.batch());
        all.put("sequence", shape.sequence());
        all.put("heads", shape.heads());
        all.put("key_heads", shape.keyHeads());
        all.put("query_key_dim", shape.queryKeyDim());
        all.put("value_dim", shape.valueDim());
        return all;
    }

    private static List<BenchPart.Timed> time(RankContext rank, BenchSetup setup, AttentionShape shape) {
        try (BenchTensors tensors = new BenchTensors(rank)) {
            AttentionOps ops = rank.device().ops().attention();
            Stream stream = rank.stream();
            AttentionFigures figures = new AttentionFigures(shape);
            AttentionOps.Forward forward = new AttentionOps.Forward(shape, scale(shape),
                    tensors.random(shape.dtype(), queryKey(shape, shape.heads())),
                    tensors.random(shape.dtype(), queryKey(shape, shape.keyHeads())),
                    tensors.random(shape.dtype(), value(shape, shape.keyHeads())),
                    tensors.empty(shape.dtype(), value(shape, shape.heads())),
                    tensors.empty(DType.F32, shape.batch(), shape.heads(), shape.sequence()),
                    workspace(tensors, rank.device().workspaceSizes().attentionForward(shape)));
            AttentionOps.Backward backward = new AttentionOps.Backward(forward,
                    tensors.random(shape.dtype(), value(shape, shape.heads())),
                    tensors.empty(shape.dtype(), queryKey(shape, shape.heads())),
                    tensors.empty(shape.dtype(), queryKey(shape, shape.keyHeads())),
                    tensors.empty(shape.dtype(), value(shape, shape.keyHeads())),
                    workspace(tensors, rank.device().workspaceSizes().attentionBackward(shape)));
            return setup.time(rank, List.of(figures.forward().by(() -> ops.forward(stream, forward)),
                    figures.backward().by(() -> ops.backward(stream, backward))));
        }
    }

    private static float scale(AttentionShape shape) {
        return (float) (1 / Math.sqrt(shape.queryKeyDim()));
    }

    private static long[] queryKey(AttentionShape shape, long heads) {
        return new long[] {shape.batch(), shape.sequence(), heads, shape.queryKeyDim()};
    }

    private static long[] value(AttentionShape shape, long heads) {
        return new long[] {shape.batch(), shape.sequence(), heads, shape.valueDim()};
    }

    private static Optional<Tensor> workspace(BenchTensors tensors, long bytes) {
        return bytes == 0 ? Optional.empty() : Optional.of(tensors.empty(DType.I32, Math.ceilDiv(bytes, 4)));
    }
}
