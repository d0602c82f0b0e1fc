package io.moe4j.app.cli;

import io.moe4j.app.bench.RoundsBench;
import io.moe4j.trainer.config.NamedConfigs;
import picocli.CommandLine.Command;

/** {@code moe4j bench rounds}. */
@Command(name = "rounds",
        description = "Times the routed experts of one layer, forward and backward, on all ranks together: with room for"
                + " the worst case, and in rounds (moe.receive_capacity, here 1.25), under even routing and where all"
                + " tokens go to one rank; by default of the debug model on four ranks, 512 tokens each, fp32.")
final class BenchRoundsCommand extends BenchSubcommand {

    BenchRoundsCommand() {
        super(RoundsBench::run, NamedConfigs.DEFAULT, "training.seq_len=512", "moe.receive_capacity=1.25");
    }
}
