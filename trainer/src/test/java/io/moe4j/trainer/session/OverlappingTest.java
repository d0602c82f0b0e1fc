package io.moe4j.trainer.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.session.Overlapping.Wanted;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where ranks have streams beside the main one. */
final class OverlappingTest {
    private final Registry plugins = Plugins.load();

    /** {@code auto} waits for the memory budget only where each rank has a GPU, all are of one process, and the budget is {@code auto} too. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"; IF_ROOM", "training.overlap=off; NO", "training.overlap=on; YES",
            "runtime.devices=1; NO", "runtime.devices=1 training.overlap=on; YES", "device=cpu runtime.devices=1; NO",
            "device=cpu runtime.devices=1 training.overlap=on; YES", "activation_checkpoint.mode=full; NO",
            "activation_checkpoint.memory_budget=3; NO",
            "activation_checkpoint.memory_budget=3 training.overlap=on; YES",
            "ranks=1 runtime.devices=1 parallelism.expert_parallel_degree=1 training.overlap=on; NO"})
    void aConfigurationWantsIt(String overrides, Wanted wanted) {
        TrainerConfig config = new ConfigLoader(plugins).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(("device=cuda ranks=2 parallelism.expert_parallel_degree=2 runtime.devices=2"
                        + " activation_checkpoint.mode=budget " + (overrides == null ? "" : overrides)).strip()
                        .split(" ")).overrides(),
                ConfigUse.planning());
        ModelSpec spec = ConfiguredModel.spec(config, plugins);
        assertEquals(wanted, Overlapping.planned(config, Providers.choose(config, spec, plugins)));
    }

    @Test
    void whatIsKeptIsNotAskedWhereItDoesNotDecide() {
        assertEquals(Overlapping.ON, Wanted.YES.decide(streams -> fail()));
        assertEquals(Overlapping.OFF, Wanted.NO.decide(streams -> fail()));
    }

    /** With a budget of 100 bytes without it, and fewer with it: what is kept must stay the same, and what must be there must fit. */
    @ParameterizedTest
    @CsvSource({"40, a, 0, true", "40, '', 0, false", "40, a, 8, false", "0, a, 0, false"})
    void itTakesTheRoomOfNothing(long budget, String kept, long converted, boolean on) {
        RecomputePlan without = plan(100, "a", 0);
        RecomputePlan with = plan(budget, kept, converted);
        assertEquals(on, Wanted.IF_ROOM.decide(streams -> Optional.of(streams.isOn() ? with : without)).isOn());
    }

    /** A policy without a budget keeps what it keeps, whatever memory is left. */
    @Test
    void withoutABudgetItIsOff() {
        assertEquals(Overlapping.OFF, Wanted.IF_ROOM.decide(streams -> Optional.empty()));
    }

    private static RecomputePlan plan(long budget, String kept, long converted) {
        return new RecomputePlan(List.of(),
                new KeptChoice(Map.of("block", kept.isEmpty() ? Set.of() : Set.of(kept))), budget,
                new ParameterBytes(converted, 0));
    }
}
