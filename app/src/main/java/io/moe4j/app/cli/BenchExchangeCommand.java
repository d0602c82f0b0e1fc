package io.moe4j.app.cli;

import io.moe4j.app.bench.ExchangeBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench exchange}. */
@Command(name = "exchange",
        description = "Times one rank's plan, dispatch and combine, their adjoints, and all of a layer's,"
                + " while the other ranks are idle; by default of the debug model on four ranks, 512 tokens each, fp32.")
final class BenchExchangeCommand extends BenchSubcommand {

    BenchExchangeCommand() {
        super(ExchangeBench::run, NamedConfigs.DEFAULT, "training.seq_len=512");
    }
}
