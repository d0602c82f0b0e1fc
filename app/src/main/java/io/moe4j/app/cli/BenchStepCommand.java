package io.moe4j.app.cli;

import io.moe4j.app.bench.StepBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench step}. */
@Command(name = "step",
        description = "Times forward and backward of a model, eager and captured; by default of the debug"
                + " model on one rank, 1 x 512 tokens, fp32, with full recompute.")
final class BenchStepCommand extends BenchSubcommand {

    BenchStepCommand() {
        super(StepBench::run, NamedConfigs.PLAIN, "training.seq_len=512");
    }
}
