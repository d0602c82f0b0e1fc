package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.spi.SpiVersion;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.model.Model.ParameterSlice;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The contract of models, on one rank and in single precision: a model's gradient is that of its loss, under every recompute policy.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class ModelContract {
    private static final double STEP = 1e-3;

    private Device device;

    /** For subclasses. */
    protected ModelContract() {}

    /** The model. */
    protected abstract ModelProvider provider();

    /** One of its small flavors. */
    protected abstract ModelSpec spec();

    /** The device that it runs on. */
    protected abstract DeviceProvider deviceProvider();

    /** The communication backend of its experts, which must fit all recompute policies. */
    protected abstract CommBackendProvider commProvider();

    /** Collectives, if the exchange needs them. */
    protected Optional<CollectivesProvider> collectivesProvider() {
        return Optional.empty();
    }

    /** The expert kernels. */
    protected abstract ExpertKernelsProvider kernelsProvider();

    /** The recompute policies, which must all give the same results. */
    protected abstract List<RecomputePolicyProvider> recomputePolicies();

    /** Bytes of planned memory that are enough for a step. */
    protected long stackBytes() {
        return 64L << 20;
    }

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** Opens the device. */
    @BeforeEach
    public void open() {
        device = deviceProvider().open(deviceConfig());
    }

    /** Closes it. */
    @AfterEach
    public void close() {
        device.close();
    }

    private OpenModel model(RecomputePolicyProvider recompute, OpenModel.Given given) {
        return new OpenModel(device, spec(), commProvider(), collectivesProvider(), kernelsProvider(),
                recompute.policy(),
                stackBytes(), given);
    }

    private OpenModel model(RecomputePolicyProvider recompute) {
        return model(recompute, OpenModel.Given.random(spec()));
    }

    private OpenModel model() {
        return model(recomputePolicies().getFirst());
    }

    /** Id, version and probe keep the rules of providers, and the message about an unknown flavor names the known ones. */
    @Test
    public void providerIsWellBehaved() {
        ProviderChecks.isWellBehaved(provider(), ModelProvider.SPI_VERSION);
        IllegalArgumentException refusal = assertThrows(IllegalArgumentException.class,
                () -> provider().flavor("no such flavor"));
        for (String flavor : provider().flavors()) {
            assertTrue(provider().flavor(flavor).figures(128).parameters() > 0, flavor);
            assertTrue(String.valueOf(refusal.getMessage()).contains(flavor), refusal.toString());
        }
    }

    /** The loss is the mean cross-entropy of the logits. */
    @Test
    public void theLossIsThatOfTheLogits() {
        try (OpenModel model = model()) {
            int vocabulary = Math.toIntExact(spec().vocabulary());
            double[] logits = model.logits(vocabulary);
            double mean = 0;
            for (int t = 0; t < OpenModel.TOKENS; t++) {
                double[] row = Arrays.copyOfRange(logits, t * vocabulary, (t + 1) * vocabulary);
                double sum = Arrays.stream(row).map(Math::exp).sum();
                mean += (Math.log(sum) - row[model.labels()[t]]) / OpenModel.TOKENS;
            }
            // The bound is that of fp32 sums over the vocabulary and over the tokens.
            Rounding.check("loss", mean, model.forwardBackward(), 1e-5 * Math.abs(mean));
        }
    }

    /**
     * Along the direction of the gradient g, the trained loss (including modules for multi-token prediction) changes by |g| per unit of length. A central
     * difference over 2h has a truncation error of order h² and a rounding error of the loss divided by h, each below 1 % of a gradient of ordinary size.
     */
    @Test
    public void gradientsAreThoseOfTheLoss() {
        try (OpenModel model = model()) {
            model.forwardBackward();
            List<double[]> gradients = model.gradients();
            double norm = Math.sqrt(gradients.stream().flatMapToDouble(Arrays::stream).map(g -> g * g).sum());
            assertTrue(norm > 0.05 && norm < 1e4, "norm " + norm);
            List<double[]> before = model.move(gradients, STEP / norm);
            final double above = model.trainedLoss();
            model.restore(before);
            model.move(gradients, -STEP / norm);
            double below = model.trainedLoss();
            Rounding.check("change of the loss along its gradient", norm, (above - below) / (2 * STEP), 0.02 * norm);
        }
    }

    /**
     * A sequence that grows with a cache has the logits of the whole forward pass, however it is divided into passes. Both are fp32 sums in different orders:
     * the bound is some thousand roundings of the largest logit.
     */
    @Test
    public void aCacheDoesNotShow() {
        Assumptions.assumeTrue(spec().cacheBytesPerToken(DType.F32).isPresent(),
                "the model says that it cannot generate");
        int vocabulary = Math.toIntExact(spec().vocabulary());
        try (OpenModel model = model()) {
            double[] whole = model.logits(vocabulary);
            double largest = Arrays.stream(whole).map(Math::abs).max().orElseThrow();
            for (List<Long> passes : List.of(List.of((long) OpenModel.TOKENS),
                    Collections.nCopies(OpenModel.TOKENS, 1L),
                    List.of(7L, 1L, 7L, 1L, 7L, 1L))) {
                List<double[]> decoded = model.decode(vocabulary, passes);
                int end = 0;
                for (int pass = 0; pass < passes.size(); pass++) {
                    end += Math.toIntExact(passes.get(pass));
                    for (int i = 0; i < vocabulary; i++) {
                        Rounding.check("logit " + i + " after " + end + " tokens in passes of " + passes,
                                whole[(end - 1) * vocabulary + i], decoded.get(pass)[i], 1000 * Rounding.U32 * largest);
                    }
                }
            }
        }
    }

    /** Each recompute policy gives the same gradients, bit for bit, and so does a second run of the same step. */
    @Test
    public void recomputeDoesNotShow() {
        List<double[]> expected = List.of();
        for (RecomputePolicyProvider policy : recomputePolicies()) {
            try (OpenModel model = model(policy)) {
                double loss = model.forwardBackward();
                List<double[]> gradients = model.gradients();
                assertEquals(loss, model.forwardBackward(), "loss of the same step again");
                for (int unit = 0; unit < gradients.size(); unit++) {
                    assertArrayEquals(gradients.get(unit), model.gradients().get(unit), "the same step again");
                    if (!expected.isEmpty()) {
                        assertArrayEquals(expected.get(unit), gradients.get(unit),
                                model.model().units().get(unit).name() + " under " + policy.id());
                    }
                }
                expected = gradients;
            }
        }
        assertTrue(recomputePolicies().size() > 1, "one policy alone shows nothing");
    }

    /**
     * Whatever a block keeps, losses and gradients have the bits of full recompute. The test keeps the results of each operation that names a kind, alone and
     * in random combinations, and the choices of a policy for random budgets. It finds operations that change another operation's result without declaring
     * it.
     */
    @Test
    public void whatIsKeptDoesNotShow() {
        List<RecomputePolicyProvider> takers = recomputePolicies().stream().filter(RecomputePolicyProvider::takesBudget)
                .toList();
        for (RecomputePolicyProvider policy : takers) {
            try (OpenModel model = model(policy)) {
                if (model.model().stages().isEmpty()) {
                    return;
                }
                List<SegmentProfile> profiles = model.profiles();
                double loss = model.driveStages(policy.policy(KeptChoice.nothing()));
                List<double[]> gradients = model.gradients();
                for (KeptChoice choice : KeptChoices.of(policy, profiles)) {
                    assertEquals(loss, model.driveStages(policy.policy(choice)), () -> "loss, with " + choice);
                    for (int unit = 0; unit < gradients.size(); unit++) {
                        String name = model.model().units().get(unit).name();
                        assertArrayEquals(gradients.get(unit), model.gradients().get(unit),
                                () -> "gradients of " + name + ", with " + choice);
                    }
                }
            }
        }
    }

    /** A model that is driven stage by stage gives the same loss and gradients as in one call, bit for bit; its stages use all its units. */
    @Test
    public void stagesMakeTheModel() {
        for (RecomputePolicyProvider policy : recomputePolicies()) {
            try (OpenModel model = model(policy)) {
                List<Stage> stages = model.model().stages();
                if (stages.isEmpty()) {
                    return;
                }
                Set<ParameterUnit> used = new HashSet<>();
                stages.forEach(stage -> used.addAll(stage.units()));
                assertEquals(new HashSet<>(model.model().units()), used, "units of the stages");
                double loss = model.forwardBackward();
                List<double[]> gradients = model.gradients();
                assertEquals(loss, model.driveStages(), "loss of the stages under " + policy.id());
                for (int unit = 0; unit < gradients.size(); unit++) {
                    assertArrayEquals(gradients.get(unit), model.gradients().get(unit),
                            model.model().units().get(unit).name() + " under " + policy.id());
                }
            }
        }
    }

    /**
     * In a forward-only pass, each token has the loss of its logits, and the state of training is unchanged: gradients, tokens per expert, biases. A model
     * that was written for an SPI before 1.4 has no such pass, and must refuse it.
     */
    @Test
    public void evaluationGivesTheLossesAndChangesNothing() {
        try (OpenModel model = model()) {
            if (SpiVersion.parse(provider().spiVersion()).minor() < 4) {
                assertThrows(InputException.class, model::losses);
                return;
            }
            int vocabulary = Math.toIntExact(spec().vocabulary());
            double mean = model.forwardBackward();
            List<double[]> gradients = model.gradients();
            Map<Integer, double[]> tokens = read(model, model.model().tokensPerExpert());
            Map<String, double[]> buffers = read(model, model.model().buffers());
            double[] losses = model.losses();
            Rounding.check("mean of the losses", mean, Arrays.stream(losses).average().orElse(Double.NaN),
                    1e-5 * Math.abs(mean));
            double[] logits = model.logits(vocabulary);
            for (int t = 0; t < OpenModel.TOKENS; t++) {
                double[] row = Arrays.copyOfRange(logits, t * vocabulary, (t + 1) * vocabulary);
                double sum = Arrays.stream(row).map(Math::exp).sum();
                // An fp32 sum over the vocabulary.
                double expected = Math.log(sum) - row[model.labels()[t]];
                Rounding.check("loss of token " + t, expected, losses[t], 1e-4 * Math.max(1, Math.abs(expected)));
            }
            for (int unit = 0; unit < gradients.size(); unit++) {
                assertArrayEquals(gradients.get(unit), model.gradients().get(unit), "gradients");
            }
            Map<Integer, double[]> tokensAfter = read(model, model.model().tokensPerExpert());
            assertEquals(tokens.keySet(), tokensAfter.keySet());
            tokens.forEach((layer, counts) -> assertArrayEquals(counts, tokensAfter.get(layer),
                    "tokens per expert of layer " + layer));
            Map<String, double[]> buffersAfter = read(model, model.model().buffers());
            buffers.forEach((name, values) -> assertArrayEquals(values, buffersAfter.get(name), name));
            assertArrayEquals(losses, model.losses(), "the same pass again");
        }
    }

    private static <K> Map<K, double[]> read(OpenModel model, Map<K, Tensor> tensors) {
        Map<K, double[]> values = new HashMap<>();
        tensors.forEach((key, tensor) -> values.put(key, model.read(tensor)));
        return values;
    }

    /**
     * Two documents in one sequence have the logits, losses and gradients that they have as sequences of their own, under each recompute policy. The bound is
     * 1e-4 of the largest value, for fp32 sums of some hundred terms in another order, through a few layers. The test finds attention across the boundary,
     * and positions that restart in only one of forward and backward. It does not find positions that continue in both: rotary embeddings depend on distances
     * only, so that these change only the last digits.
     */
    @Test
    public void documentsAreLikeSequencesOfTheirOwn() {
        Assumptions.assumeTrue(spec().keepsDocumentsApart(), "the model does not keep documents apart");
        documents().areLikeSequencesOfTheirOwn();
    }

    /** The text of an earlier document changes neither the logits of a later one, nor the gradients of its loss. Without the boundary it does. */
    @Test
    public void anEarlierDocumentDoesNotShow() {
        Assumptions.assumeTrue(spec().keepsDocumentsApart(), "the model does not keep documents apart");
        documents().anEarlierOneDoesNotShow();
    }

    private TwoDocuments documents() {
        return new TwoDocuments(spec(), recomputePolicies(), this::model);
    }

    /** Every element of every parameter has exactly one name in a checkpoint, and the figures count them. */
    @Test
    public void checkpointNamesCoverAllParameters() {
        try (OpenModel model = model()) {
            IdentityHashMap<Parameter, boolean[]> covered = new IdentityHashMap<>();
            model.model().units().forEach(unit -> unit.parameters()
                    .forEach(parameter -> covered.put(parameter, new boolean[(int) parameter.elements()])));
            for (Map.Entry<String, ParameterSlice> entry : model.model().checkpointNames().entrySet()) {
                ParameterSlice slice = entry.getValue();
                boolean[] seen = covered.getOrDefault(slice.parameter(), new boolean[0]);
                for (long i = slice.from(); i < slice.from() + slice.elements(); i++) {
                    assertTrue(i < seen.length && !seen[(int) i], entry.getKey() + " names an element twice, or none");
                    seen[(int) i] = true;
                }
            }
            long elements = 0;
            for (Map.Entry<Parameter, boolean[]> entry : covered.entrySet()) {
                for (boolean seen : entry.getValue()) {
                    assertTrue(seen, "an element of " + entry.getKey() + " has no name");
                    elements++;
                }
            }
            assertEquals(spec().figures(OpenModel.TOKENS).parameters(), elements, "parameters by the figures");
        }
    }

    /** Each token is counted for its K experts, in every layer that has experts. */
    @Test
    public void tokensPerExpertAddUp() {
        spec().moe().ifPresent(moe -> {
            try (OpenModel model = model()) {
                model.forwardBackward();
                assertEquals(moe.layers(), model.model().tokensPerExpert().size());
                model.model().tokensPerExpert().forEach((layer, tokens) -> assertEquals(OpenModel.TOKENS * moe.topK(),
                        Arrays.stream(model.read(tokens)).sum(), "layer " + layer));
            }
        });
    }
}
