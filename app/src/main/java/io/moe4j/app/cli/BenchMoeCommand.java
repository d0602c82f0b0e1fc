package io.moe4j.app.cli;

import io.moe4j.app.bench.MoeBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench moe}. */
@Command(name = "moe",
        description = "Times the parts of one mixture-of-experts layer on all ranks together; by default of the"
                + " debug model on four ranks, 512 tokens each, fp32.")
final class BenchMoeCommand extends BenchSubcommand {

    BenchMoeCommand() {
        super(MoeBench::run, NamedConfigs.DEFAULT, "training.seq_len=512", "graph_capture.enable=false");
    }
}
