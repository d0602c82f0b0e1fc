package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.app.terminal.Screen;
import io.moe4j.data.Corpus;
import io.moe4j.data.DataCounts;
import io.moe4j.data.DocumentSplit;
import io.moe4j.data.TokenManifest;
import io.moe4j.data.Tokenization;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ConfiguredData;
import io.moe4j.trainer.config.ConfiguredTokenizer;
import io.moe4j.trainer.config.DeviceSettings;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Linking;
import io.moe4j.trainer.plugins.Plugins;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code moe4j tokenize}. */
@Command(name = "tokenize", customSynopsis = "moe4j tokenize [OPTION]... [--key VALUE]... OUTPUT-FOLDER",
        description = {"Tokenizes the text of data.path once, into a folder that data.path can be afterwards.",
                "Interrupted, the same command goes on after the last shard that is finished."})
final class TokenizeCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @ParentCommand
    private @Nullable Main main;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions config = new ConfigOptions(NamedConfigs.PLAIN);

    @Option(names = "--threads", paramLabel = "N", description = "Threads that tokenize. Default: all cores.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--shard-tokens", paramLabel = "N", description = "Tokens of a shard. Default: ${DEFAULT-VALUE}.")
    private long shardTokens = 1L << 28;

    @Option(names = "--held-out",
            description = "Takes the documents that validation.split keeps for validation, and no others.")
    private boolean heldOut;

    @Override
    public Integer call() {
        Arguments arguments = config.arguments();
        if (arguments.others().size() != 1) {
            throw new ParameterException(spec.commandLine(), "one OUTPUT-FOLDER is needed, and "
                    + (arguments.others().isEmpty() ? "none was given"
                            : "these were given: " + String.join(", ", arguments.others()))
                    + "; for example: moe4j tokenize --data.path texts tokens");
        }
        if (threads < 1 || threads > DeviceSettings.MOST_THREADS || shardTokens < 1) {
            throw new ParameterException(spec.commandLine(), "--threads " + threads + " --shard-tokens " + shardTokens
                    + ": both must be at least 1, and --threads at most " + DeviceSettings.MOST_THREADS);
        }
        Registry registry = Plugins.load(common.pluginPath());
        TrainerConfig settings = new ConfigLoader(registry).load(config.nameOrFile(),
                arguments.overrides(),
                ConfigUse.planning());
        if (!settings.data().sources().isEmpty()) {
            throw new InputException(
                    "a folder is made of one data.path, and there are " + settings.data().sources().size()
                            + " data.sources; tokenize each into a folder of its own, and mix the folders");
        }
        if (heldOut && settings.validation().split() == 0) {
            throw new InputException(
                    "--held-out takes what validation.split keeps, and that is 0; give --validation.split too,"
                            + " the same as for the other folder");
        }
        return Linking.guard(registry, () -> run(settings, registry, GivenPath.of(arguments.others().getFirst())));
    }

    private int run(TrainerConfig settings, Registry registry, Path folder) {
        PrintWriter out = spec.commandLine().getOut();
        long begin = System.nanoTime();
        Corpus corpus = Corpus.open(settings.data().path(), ConfiguredData.corpus(settings, registry));
        corpus.checkHeads();
        TokenizeLine line = new TokenizeLine(out, main == null ? Screen.none() : main.screen(), System::nanoTime);
        PrintWriter err = spec.commandLine().getErr();
        try (Tokenizer tokenizer = ConfiguredTokenizer.open(settings, registry);
                AtExit atExit = AtExit.of("says how to go on", () -> {
                    line.close();
                    err.println(folder + " is not finished: the same command goes on after its last whole shard");
                })) {
            TokenManifest made = Tokenization.run(corpus, tokenizer,
                    new Tokenization.Options(ConfiguredTokenizer.id(settings),
                            new DocumentSplit(settings.validation().split(), heldOut),
                            shardTokens, threads),
                    folder, line::at);
            line.close();
            out.println(summary(folder, made, line.bytes(), (System.nanoTime() - begin) / 1e9));
            out.flush();
            return ExitCode.OK;
        } finally {
            line.close();
        }
    }

    private static String summary(Path folder, TokenManifest made, long bytes, double seconds) {
        DataCounts counts = made.counts();
        return String.format(Locale.ROOT,
                "%s: %s of %s in %s of %d-byte ids; %s, %s, %s, %s; %s",
                folder, Shown.count(made.tokens(), "token"), Shown.count(made.documents(), "document"),
                Shown.count(made.shards().size(), "shard"), made.tokenBytes(),
                Shown.count(counts.emptyDocuments(), "empty document"), Shown.count(counts.badLines(), "bad line"),
                Shown.count(counts.loneSurrogates(), "lone surrogate"),
                Shown.count(counts.invalidBytes(), "invalid byte"),
                made.tokens() == 0 ? "no document has text"
                        : bytes == 0 ? "nothing was left to do"
                                : String.format(Locale.ROOT, "%s in %.1f s", SavedLine.size(bytes), seconds));
    }
}
