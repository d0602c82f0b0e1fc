package io.moe4j.app.cli;

import io.moe4j.app.bench.ExpertBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench grouped-mm}. */
@Command(name = "grouped-mm",
        description = "Times one rank's grouped products and their gradients; by default of the debug"
                + " model on four ranks, 512 tokens each, fp32.")
final class BenchGroupedMmCommand extends BenchSubcommand {

    BenchGroupedMmCommand() {
        super(ExpertBench::groupedMm, NamedConfigs.DEFAULT, "training.seq_len=512");
    }
}
