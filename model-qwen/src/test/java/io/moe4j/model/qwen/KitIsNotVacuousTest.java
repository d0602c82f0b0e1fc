package io.moe4j.model.qwen;

import static io.moe4j.tests.contract.Planted.CALL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.DecodingSession;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelContext;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.Stage;
import io.moe4j.tests.contract.ModelContract;
import io.moe4j.tests.contract.Planted;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kit of models finds what is planted into Qwen3-MoE, by an assertion and for the right reason. {@link ModelContractTest} is the control. */
class KitIsNotVacuousTest {

    /** What a model does when a method is called. */
    private interface Wrong {
        /** {@link Planted#CALL}, or what is returned instead of calling the method. */
        @Nullable
        Object answer(Open open, String method, Object[] arguments);
    }

    /**
     * A fault.
     *
     * @param test of the kit
     * @param reason words of the assertion that finds it
     */
    record Fault(String name, Consumer<ModelContract> test, String reason, Wrong wrong) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** A model that is open, and how often it was driven. */
    private static final class Open {
        private final Model model;
        private final Stream stream;
        private final ElementwiseOps ops;
        private int steps;

        Open(Model model, ModelContext context) {
            this.model = model;
            stream = context.rank().stream();
            ops = context.rank().device().ops().elementwise();
        }

        /** Calls the real forwardBackward, then {@code after}. */
        Object driven(Object[] arguments, Runnable after) {
            model.forwardBackward((Tensor) arguments[0], (Tensor) arguments[1], (float) arguments[2],
                    (Tensor) arguments[3]);
            steps++;
            after.run();
            return true;
        }

        void scale(Tensor tensor, float more) {
            ops.accumulate(stream, tensor, more, tensor);
        }

        Tensor gradients() {
            return model.units().getFirst().gradientShard();
        }

        List<Tensor> counts() {
            return List.copyOf(model.tokensPerExpert().values());
        }
    }

    static List<Fault> faults() {
        return List.of(
                new Fault("a loss that is 1 % too large", ModelContract::theLossIsThatOfTheLogits, "loss: expected",
                        (open, method, arguments) -> method.equals("forwardBackward")
                                ? open.driven(arguments, () -> open.scale((Tensor) arguments[3], 0.01f))
                                : CALL),
                new Fault("logits of the token before", ModelContract::theLossIsThatOfTheLogits, "loss: expected",
                        (open, method, arguments) -> {
                            if (method.equals("logits")) {
                                Tensor logits = (Tensor) arguments[1];
                                open.model.logits((Tensor) arguments[0], logits);
                                open.stream.copy(logits.select(0), logits.select(1));
                                return true;
                            }
                            return CALL;
                        }),
                new Fault("the gradient of one unit is 5 % too large", ModelContract::gradientsAreThoseOfTheLoss,
                        "change of the loss along its gradient",
                        (open, method, arguments) -> method.equals("forwardBackward")
                                ? open.driven(arguments, () -> open.scale(open.gradients(), 0.05f))
                                : CALL),
                new Fault("gradients of the second step are added twice", ModelContract::recomputeDoesNotShow,
                        "the same step again",
                        (open, method, arguments) -> method.equals("forwardBackward")
                                ? open.driven(arguments, () -> open.scale(open.gradients(), open.steps - 1))
                                : CALL),
                new Fault("a stage is missing", ModelContract::stagesMakeTheModel, "units of the stages",
                        (open, method, arguments) -> method.equals("stages") ? without(open.model.stages()) : CALL),
                new Fault("stages in another order", ModelContract::stagesMakeTheModel, "loss of the stages",
                        (open, method, arguments) -> method.equals("stages") ? exchanged(open.model.stages()) : CALL),
                new Fault("evaluation takes the gradients away",
                        ModelContract::evaluationGivesTheLossesAndChangesNothing, "gradients",
                        (open, method, arguments) -> {
                            if (method.equals("stages")) {
                                open.stream.fill(open.gradients(), 0);
                            }
                            return CALL;
                        }),
                new Fault("evaluation counts tokens", ModelContract::evaluationGivesTheLossesAndChangesNothing,
                        "tokens per expert of layer", (open, method, arguments) -> {
                            if (method.equals("stages")) {
                                open.counts().forEach(counts -> open.stream.fill(counts, 1));
                            }
                            return CALL;
                        }),
                new Fault("tokens of one expert are not counted", ModelContract::tokensPerExpertAddUp, "layer",
                        (open, method, arguments) -> method.equals("forwardBackward")
                                ? open.driven(arguments,
                                        () -> open.counts().forEach(counts -> open.stream.fill(counts, 0)))
                                : CALL),
                new Fault("a parameter has no name", ModelContract::checkpointNamesCoverAllParameters, "has no name",
                        (open, method, arguments) -> {
                            if (method.equals("checkpointNames")) {
                                Map<String, ParameterSlice> names = new HashMap<>(open.model.checkpointNames());
                                names.remove(names.keySet().iterator().next());
                                return names;
                            }
                            return CALL;
                        }),
                new Fault("a parameter has two names", ModelContract::checkpointNamesCoverAllParameters,
                        "names an element twice", (open, method, arguments) -> {
                            if (method.equals("checkpointNames")) {
                                Map<String, ParameterSlice> names = new HashMap<>(open.model.checkpointNames());
                                names.put("again", names.values().iterator().next());
                                return names;
                            }
                            return CALL;
                        }),
                new Fault("a cache that forgets the last token", ModelContract::aCacheDoesNotShow, "logit \\d+ after",
                        (open, method, arguments) -> method.equals("openDecoding")
                                ? forgetful(open.model.openDecoding((long) arguments[0]))
                                : CALL));
    }

    private static DecodingSession forgetful(DecodingSession real) {
        return Planted.instead(DecodingSession.class, real, (method, arguments) -> {
            if (method.equals("append") && real.length() > 1) {
                real.truncate(real.length() - 1);
            }
            return CALL;
        });
    }

    private static List<Stage> without(List<Stage> stages) {
        List<Stage> fewer = new ArrayList<>(stages);
        fewer.remove(1);
        return fewer;
    }

    private static List<Stage> exchanged(List<Stage> stages) {
        List<Stage> other = new ArrayList<>(stages);
        Collections.swap(other, 1, 2);
        return other;
    }

    @ParameterizedTest
    @MethodSource("faults")
    void finds(Fault fault) {
        Planted.isFound(fault.name(), fault.reason(), () -> failures(fault));
    }

    /** An unknown flavor is to be answered with the known ones. */
    @Test
    void findsAProviderThatDoesNotNameItsFlavors() {
        Fault silent = new Fault("no flavor is named", ModelContract::providerIsWellBehaved, "", (open, method,
                arguments) -> CALL);
        ModelProvider provider = Planted.instead(ModelProvider.class, new Qwen3MoeProvider(), (method, arguments) -> {
            if (method.equals("flavor") && arguments[0].equals("no such flavor")) {
                throw new IllegalArgumentException("unknown");
            }
            return CALL;
        });
        Planted.isFound(silent.name(), "unknown", () -> run(new Kit(silent, provider), silent));
    }

    /** A model that only throws is found by no test. */
    @Test
    void anExceptionIsNoFind() {
        Fault broken = new Fault("throws", ModelContract::theLossIsThatOfTheLogits, ".*", (open, method, arguments) -> {
            if (method.equals("forwardBackward")) {
                throw new NullPointerException("planted");
            }
            return CALL;
        });
        List<Throwable> failures = failures(broken);
        assertEquals(1, failures.size(), () -> "failures " + failures);
        assertFalse(failures.getFirst() instanceof AssertionError, failures.getFirst().toString());
        assertTrue(faults().size() >= 12, "faults");
    }

    private static List<Throwable> failures(Fault fault) {
        return run(new Kit(fault, new Qwen3MoeProvider()), fault);
    }

    private static List<Throwable> run(Kit kit, Fault fault) {
        kit.open();
        try {
            return Planted.failures(() -> fault.test().accept(kit));
        } finally {
            kit.close();
        }
    }

    private static final class Kit extends ModelContractTest {
        private final Fault fault;
        private final ModelProvider provider;

        Kit(Fault fault, ModelProvider provider) {
            this.fault = fault;
            this.provider = provider;
        }

        @Override
        protected ModelProvider provider() {
            return provider;
        }

        @Override
        protected ModelSpec spec() {
            ModelSpec real = super.spec();
            return Planted.instead(ModelSpec.class, real,
                    (method, arguments) -> method.equals("open") ? planted(real, (ModelContext) arguments[0]) : CALL);
        }

        private Model planted(ModelSpec real, ModelContext context) {
            Model model = real.open(context);
            Open open = new Open(model, context);
            return Planted.instead(Model.class, model,
                    (method, arguments) -> fault.wrong().answer(open, method, arguments));
        }
    }
}
