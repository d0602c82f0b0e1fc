package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.ArrayList;
import java.util.List;

/** Times the kernels of one rank's experts, each by itself: over a receive buffer of the configured capacity, and over one without unused rows. */
@Stability(Stability.Level.EVOLVING)
public final class ExpertBench {

    private ExpertBench() {}

    /** Times SwiGLU and its gradient. */
    public static BenchReport swiglu(TrainerConfig config, Registry registry, BenchOptions options) {
        return run("swiglu", BenchSetup.ofParts(config, registry, options), ExpertRows::swiglu);
    }

    /** Times the three grouped products (forward, and both gradients) of each of the experts' two matrices. */
    public static BenchReport groupedMm(TrainerConfig config, Registry registry, BenchOptions options) {
        return run("grouped-mm", BenchSetup.ofParts(config, registry, options), ExpertRows::products);
    }

    @FunctionalInterface
    private interface Works {
        List<BenchPart.Work> over(ExpertRows rows, long capacity);
    }

    private static BenchReport run(String name, BenchSetup setup, Works works) {
        setup.moe();
        try (Device device = setup.openDevice()) {
            MachineRates rates = setup.rates(device);
            List<BenchPart.Timed> times = setup.alone(device, rank -> time(rank, setup, works));
            return BenchReport.of(name, setup, List.of(device), rates, times).with(setup.moeShape());
        }
    }

    private static List<BenchPart.Timed> time(RankContext rank, BenchSetup setup, Works works) {
        try (ExpertKernels kernels = BenchSetup.openKernels(setup.providers(), rank);
                BenchTensors tensors = new BenchTensors(rank)) {
            ExpertRows rows = new ExpertRows(rank, kernels, tensors, setup);
            List<BenchPart.Work> all = new ArrayList<>(works.over(rows, rows.capacity()));
            works.over(rows, rows.received()).forEach(work -> all.add(work.named(
                    work.part().name() + MoeFigures.EXACT)));
            return setup.time(rank, all);
        }
    }
}
