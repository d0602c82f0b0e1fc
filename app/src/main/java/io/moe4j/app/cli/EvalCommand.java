package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.host.UnreadableFile;
import io.moe4j.api.spi.Registry;
import io.moe4j.app.terminal.TypedPath;
import io.moe4j.data.TokenFolder;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import io.moe4j.trainer.chat.ChatFormat;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ConfiguredData;
import io.moe4j.trainer.config.ConfiguredTokenizer;
import io.moe4j.trainer.config.DataConfig;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.Evaluation;
import io.moe4j.trainer.run.EvaluationResult;
import io.moe4j.trainer.session.RankLaunch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moe4j eval}. */
@Command(name = "eval", customSynopsis = "moe4j eval CHECKPOINT|RUN|DIR --data PATH [OPTION]... [--key VALUE]...",
        description = {"Evaluates a trained model on texts: loss and perplexity per token, bits per byte.",
                "The model is a checkpoint, the newest one of a run, or a folder in Hugging Face's layout. Texts are a text "
                        + "file, JSONL, or a folder, as for training; all are read once, in the order of files.",
                "The tokenizer is the model's, unless --data.tokenizer names another. Sequences have training.seq_len tokens: "
                        + "by default " + EvalCommand.SEQUENCE + ", or as many as the model takes. "
                        + "--ranks may be any number, whatever number the model was trained on."})
final class EvalCommand implements Callable<Integer> {
    /** Longer sequences give lower losses, and take more memory. */
    static final int SEQUENCE = 1024;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions configOptions = new ConfigOptions(NamedConfigs.PLAIN);

    @Mixin
    private LaunchOptions launchOptions = new LaunchOptions();

    @Option(names = "--data", paramLabel = "PATH", description = "A text file, a JSONL file, or a folder of them.")
    private @Nullable Path data;

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        Arguments arguments = configOptions.arguments();
        if (arguments.others().size() != 1) {
            throw new ParameterException(spec.commandLine(), "eval takes one checkpoint, run or model folder, and was"
                    + " given " + (arguments.others().isEmpty() ? "none" : String.join(", ", arguments.others()))
                    + "; texts are given with --data PATH");
        }
        if (data == null) {
            throw new ParameterException(spec.commandLine(),
                    "there is nothing to evaluate on; give texts with --data PATH");
        }
        Path texts = data;
        Path model = GivenPath.of(arguments.others().getFirst());
        UnreadableFile.requireReachable(texts);
        if (!Files.exists(texts)) {
            throw new InputException(
                    "--data " + texts + " does not exist; give a text file, a .jsonl file, or a folder of them");
        }
        Start start = launchOptions.beforeMeeting(() -> configOptions.unchecked(),
                () -> start(model, texts));
        try (ModelSource source = start.source()) {
            return evaluate(start.config(), start.registry(), source, start.environment(), start.devices());
        }
    }

    /** This command's options on how processes are started. */
    LaunchOptions launchOptions() {
        return launchOptions;
    }

    /** This command's configuration. */
    ConfigOptions configOptions() {
        return configOptions;
    }

    /** The values that this process has before it connects to the others. */
    private record Start(Registry registry, ModelSource source, TrainerConfig config, RankEnvironment environment,
            List<Integer> devices) {}

    private Start start(Path model, Path texts) {
        Registry registry = Plugins.load(common.pluginPath());
        ModelSource source = ModelSource.open(model, registry);
        try {
            TrainerConfig config = config(registry, source, texts);
            RankEnvironment environment = launchOptions.resolve(config.ranks(), System.getenv());
            return new Start(registry, source, config, environment, launchOptions.devices(environment, config,
                    registry.get(DeviceProvider.class, config.device())));
        } catch (RuntimeException | Error e) {
            source.close();
            throw e;
        }
    }

    private TrainerConfig config(Registry registry, ModelSource source, Path texts) {
        String[] first = {"training.seq_len=" + Math.min(SEQUENCE, source.spec().maxSequence())};
        // An evaluation is not captured: exchanges that cannot be captured are allowed.
        List<String> always = new ArrayList<>(List.of("model.name=" + source.modelName(), "graph_capture.enable=false",
                "validation.path=" + texts, "validation.split=0"));
        chatTemplate(source, texts).ifPresent(file -> always.add("data.chat_template=" + file));
        source.tokenizer().ifPresent(tokenizer -> always.add("data.tokenizer=" + tokenizer));
        return configOptions.loadBesideArguments(registry, ConfigUse.runningModel(source.spec()),
                Arguments.of(first).overrides(), Arguments.of(always.toArray(String[]::new)).overrides());
    }

    /** The chat template of the model as a file, if conversations are read and it is not found beside the tokenizer. */
    private Optional<Path> chatTemplate(ModelSource source, Path texts) {
        TrainerConfig asked = configOptions.unchecked();
        DataConfig given = asked.data();
        if (given.chatTemplate().isPresent() || !ConfiguredData
                .hasConversations(asked.withValidation(asked.validation().withPath(Optional.of(texts))))) {
            return Optional.empty();
        }
        return source.chatFormat().filter(format -> !isBesideTokenizer(format, source, given)).map(format -> {
            try {
                Path file = Files.createTempFile("moe4j-chat-template-", ".jinja");
                file.toFile().deleteOnExit();
                return Files.writeString(file, format.source());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /**
     * Whether the same template is in the tokenizer's folder. It is then read from there, because the folder may also have a separate template for
     * conversations with tools, which a single file lacks.
     */
    private static boolean isBesideTokenizer(ChatFormat format, ModelSource source, DataConfig given) {
        return given.tokenizer().equals(ConfiguredTokenizer.AUTO) && source.tokenizer()
                .flatMap(tokenizer -> ChatFormat.find(Optional.empty(),
                        ChatFormat.folders(tokenizer, Optional.empty())))
                .filter(found -> found.identity().equals(format.identity())).isPresent();
    }

    private int evaluate(TrainerConfig config, Registry registry, ModelSource source, RankEnvironment environment,
            List<Integer> devices) {
        if (!environment.isDistributed()) {
            return evaluate(config, registry, source, new RankLaunch(environment.worldSize(), environment.localRanks(),
                    devices, ThreadRendezvous.of(config.ranks(), config.runtime().timeout())));
        }
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment,
                LaunchOptions.secret(environment, config, System.getenv()), config.runtime().timeout())) {
            return evaluate(config, registry, source,
                    new RankLaunch(environment.worldSize(), environment.localRanks(), devices, rendezvous));
        }
    }

    private int evaluate(TrainerConfig config, Registry registry, ModelSource source, RankLaunch launch) {
        AtomicBoolean stop = new AtomicBoolean();
        if (launch.hasFirstRank() && config.data().tokenizer().equals(ConfiguredTokenizer.AUTO)
                && config.validation().path().filter(TokenFolder::isIn).isEmpty()) {
            spec.commandLine().getErr().println(TypedPath.of(source.path())
                    + " has no tokenizer, so that text is read as"
                    + " bytes. If its weights were trained with a tokenizer, copy its tokenizer.json there, or name it with"
                    + " --data.tokenizer; --data.tokenizer bytes says that it is so");
        }
        try (Evaluation evaluation = launch.told("opening the model",
                () -> Evaluation.open(config, source, registry, launch, true));
                Interrupts interrupts = Interrupts.handle(signal -> {
                    stop.set(true);
                    spec.commandLine().getErr().println(signal + ": the evaluation ends with this batch; a second"
                            + " signal ends it at once");
                })) {
            EvaluationResult result = launch.told("evaluating", () -> evaluation.run(stop::get));
            if (launch.hasFirstRank()) {
                EvalReport report = new EvalReport(source, evaluation, config, result);
                spec.commandLine().getOut().print(json ? report.json() : report.text());
                spec.commandLine().getOut().flush();
            }
            if (!result.loss().stoppedBy().isEmpty()) {
                return interrupts.received().map(StopSignal::exitCode).orElse(ExitCode.STOPPED);
            }
            return result.loss().problem().isEmpty() ? ExitCode.OK : ExitCode.FAILED;
        }
    }
}
