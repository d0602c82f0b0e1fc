package io.moe4j.trainer.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.step.Schedule;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a rank could keep in the compute type, and what a step would save, as it is counted on a device that computes nothing. */
final class ConversionsTest {
    /** Each rank holds its half of the experts whole, and shards of everything else. */
    private static final List<String> EXPERTS_WHOLE = List.of("ranks=2", "parallelism.data_parallel_shard_degree=2",
            "parallelism.expert_parallel_degree=2", "training.seq_len=32", "training.local_batch_size=1",
            "training.dtype=bfloat16", "activation_checkpoint.mode=budget");
    /** Gate, up and down of 4 experts in 5 layers of the debug model, in bfloat16. */
    private static final long EXPERT_BYTES = 5 * 4 * 3 * 256 * 256 * 2;

    private final Registry plugins = Plugins.load();

    private Conversions conversions(UnaryOperator<ModelSpec> changed, String... more) {
        List<String> all = new ArrayList<>(EXPERTS_WHOLE);
        all.addAll(List.of(more));
        TrainerConfig config = new ConfigLoader(plugins).load("deepseek_v3_debugmodel_minimal_async_ep",
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.planning());
        ModelSpec spec = ConfiguredModel.spec(config, plugins);
        return Conversions.of(config, changed.apply(spec), Providers.choose(config, spec, plugins),
                Schedule.oneAfterTheOther(), Overlapping.OFF);
    }

    /**
     * Converting a parameter moves 6 bytes, in forward and in backward of each microbatch. AdamW writes its 2 converted bytes once a step; after Muon, which
     * updates matrices, it is converted once a step.
     */
    @ParameterizedTest
    @CsvSource({"1, adamw, 10", "3, adamw, 34", "1, muon, 6"})
    void aStepConvertsNothing(int microbatches, String optimizer, int savedBytes) {
        assertEquals(new Conversions(EXPERT_BYTES, savedBytes / 2.0 * EXPERT_BYTES),
                conversions(UnaryOperator.identity(), "training.gradient_accumulation_steps=" + microbatches,
                        "optimizer.name=" + optimizer));
    }

    /** One rank holds everything whole. Embedding and head are gathered less often than blocks. */
    @Test
    void allUnitsOfOneRankAreKept() {
        Conversions all = conversions(UnaryOperator.identity(), "ranks=1", "parallelism.data_parallel_shard_degree=1",
                "parallelism.expert_parallel_degree=1");
        assertTrue(all.bytes() > 2 * EXPERT_BYTES, all.toString());
        assertTrue(all.savedCost() > 2 * all.bytes() && all.savedCost() < 5 * all.bytes(), all.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"training.keep_converted=off", "training.keep_converted=on",
            "training.parameter_dtype=bfloat16", "training.expert_dtype=float8",
            "model.moe_comm_backend=standard parallelism.expert_parallel_degree=1 graph_capture.enable=false"})
    void nothingIsKept(String why) {
        assertEquals(Conversions.NONE, conversions(UnaryOperator.identity(), why.split(" ")));
    }

    /** As those of plug-ins that were built before there was {@code Model.prepare}. */
    @Test
    void modelsThatDoNotPrepareTheirUnitsConvertThemAtEachUse() {
        assertEquals(Conversions.NONE, conversions(spec -> intercepted(ModelSpec.class, spec, (method, opened) -> method
                .equals("open")
                        ? intercepted(Model.class, (Model) opened.get(), (of, call) -> of.equals("prepare")
                                ? null
                                : call.get())
                        : opened.get())));
        assertEquals(EXPERT_BYTES, conversions(spec -> intercepted(ModelSpec.class, spec, (method, call) -> call.get()))
                .bytes(), "the control: a model that does");
    }

    private interface Call {
        Object get();
    }

    /** The same object, where {@code around} gives the results of its methods. */
    private static <T> T intercepted(Class<T> type, T object, BiFunction<String, Call, Object> around) {
        return type.cast(Proxy.newProxyInstance(ConversionsTest.class.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> around.apply(method.getName(), () -> {
                    try {
                        return method.invoke(object, arguments);
                    } catch (InvocationTargetException | IllegalAccessException e) {
                        throw new IllegalStateException(e);
                    }
                })));
    }
}
