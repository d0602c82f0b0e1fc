package io.moe4j.app.cli;

import io.moe4j.app.bench.AttentionBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench attention}. */
@Command(name = "attention",
        description = "Times one block's attention and its gradient on one rank; by default of the debug"
                + " model, 1 x 512 tokens, fp32.")
final class BenchAttentionCommand extends BenchSubcommand {

    BenchAttentionCommand() {
        super(AttentionBench::run, NamedConfigs.DEFAULT, "training.seq_len=512");
    }
}
