package io.moe4j.app.cli;

import io.moe4j.app.bench.ExpertBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench swiglu}. */
@Command(name = "swiglu",
        description = "Times one rank's offset-aware SwiGLU and its gradient; by default of the debug model"
                + " on four ranks, 512 tokens each, fp32.")
final class BenchSwiGluCommand extends BenchSubcommand {

    BenchSwiGluCommand() {
        super(ExpertBench::swiglu, NamedConfigs.DEFAULT, "training.seq_len=512");
    }
}
