package io.moe4j.trainer.agreement;

import io.moe4j.api.spi.Provider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.data.Corpus;
import io.moe4j.data.CorpusPart;
import io.moe4j.data.DataSource;
import io.moe4j.trainer.config.ConfiguredData;
import io.moe4j.trainer.config.AgreedKeys;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The facts of a run that all its ranks must have in common. */
final class RunFacts {
    /** Parts of a corpus beyond this number are compared by their number, their total size and one digest. */
    private static final int MOST_PARTS = 1000;

    private RunFacts() {}

    static Facts of(TrainerConfig config, ModelSpec spec, List<Provider> providers, Optional<String> tokenizer,
            Optional<String> resumed, Optional<String> start) {
        Map<String, String> facts = new LinkedHashMap<>(AgreedKeys.of(config));
        facts.put("model", spec.name() + ", " + spec.figures(config.training().seqLen()) + ", "
                + spec.moe().map(Object::toString).orElse("no experts"));
        facts.put("the checkpoint that is continued", resumed.orElse("none"));
        facts.put("the weights of model.from", start.orElse("none"));
        if (tokenizer.isPresent()) {
            facts.put("tokenizer (data.tokenizer)", tokenizer.get());
            for (DataSource source : ConfiguredData.sources(config.data())) {
                addData(facts, config.data().sources().isEmpty() ? "data.path" : "data.sources." + source.name(),
                        source);
            }
            config.validation().path().ifPresent(path -> addData(facts, "validation.path",
                    new DataSource("validation", Optional.of(path), 1, 1)));
        }
        for (Provider provider : providers) {
            facts.put("plug-in " + provider.getClass().getName(), "\"" + provider.id() + "\", SPI "
                    + provider.spiVersion() + ", build " + BuildDigest.of(provider.getClass()));
        }
        BuildDigest.ofModules().forEach((module, digest) -> facts.put("build of " + module, digest));
        return new Facts(facts);
    }

    /** Names are not compared: only the content that is read, its order, and the endings of names, which decide how a file is read. */
    private static void addData(Map<String, String> facts, String key, DataSource source) {
        List<CorpusPart> parts = CorpusPart.of(Corpus.open(source.path()));
        facts.put("data (" + key + ")", parts.size() + " parts, " + parts.stream().mapToLong(CorpusPart::bytes).sum()
                + " bytes, SHA-256 " + BuildDigest.of(parts.stream().map(RunFacts::content).toList()));
        for (int i = 0; i < Math.min(parts.size(), MOST_PARTS); i++) {
            facts.put("data (" + key + "), part " + (i + 1), content(parts.get(i)));
        }
    }

    private static String content(CorpusPart part) {
        String name = part.name();
        int dot = name.lastIndexOf('.');
        return (dot > name.lastIndexOf('/') ? "*" + name.substring(dot) + ", " : "") + part.bytes() + " bytes, SHA-256 "
                + part.digest().substring(0, 16);
    }
}
