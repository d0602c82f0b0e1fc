package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.app.generate.Prompt;
import io.moe4j.app.terminal.TypedPath;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.generate.ChatText;
import io.moe4j.trainer.generate.GenerationRequest;
import io.moe4j.trainer.generate.Generator;
import io.moe4j.trainer.generate.ModelText;
import io.moe4j.trainer.generate.Sampling;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Linking;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.session.InferenceOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code moe4j generate}. */
@Command(name = "generate",
        description = {"Continues texts with a trained model.",
                "Without prompts, on a terminal: asks for them, one after the other; each begins a new text, or, with --chat,"
                        + " continues the conversation.",
                "Ctrl-C stops an answer, Ctrl-D ends. Without a terminal: reads prompts from standard input, one in each line."})
final class GenerateCommand implements Callable<Integer> {
    private static final long TYPED_CONTEXT = 4096;

    @ParentCommand
    private @Nullable Main main;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private GenerateOptions options = new GenerateOptions();

    @Parameters(paramLabel = "CHECKPOINT|RUN|DIR",
            description = "A checkpoint, the folder of a run, for its newest one, or a model folder in Hugging Face's layout.")
    private Path path = Path.of("");

    @Option(names = "--json",
            description = "Prints an object for each prompt, in one line: ids, text, logarithms of probabilities.")
    private boolean json;

    @Option(names = {"-v", "--verbose"}, description = "Prints what is opened, and the memory that it takes.")
    private boolean verbose;

    @Override
    public Integer call() {
        Sampling sampling = options.sampling();
        int maxTokens = options.maxTokens();
        boolean chat = options.isChat();
        List<Prompt> given = options.asAsked(options.prompts());
        boolean typed = given.isEmpty() && main != null && main.isInputTerminal();
        Registry registry = Plugins.load(common.pluginPath());
        try (ModelSource source = ModelSource.open(path, registry)) {
            // Checked first, so that a mistyped path is reported before this command waits for standard input.
            List<Prompt> prompts = given.isEmpty() && !typed
                    ? options.asAsked(GenerateOptions.standardInput())
                    : given;
            if (typed) {
                tellOfChat(chat, source);
            }
            return Linking.guard(registry,
                    () -> generate(source, registry, prompts, typed, sampling, maxTokens));
        }
    }

    private int generate(ModelSource source, Registry registry, List<Prompt> prompts, boolean typed,
            Sampling sampling, int maxTokens) {
        Optional<ModelText> text = text(source, registry, prompts);
        try (GenerateTexts texts = options.isChat() ? GenerateTexts.withChat(text, source)
                : new GenerateTexts(text, Optional.empty(), source)) {
            source.remarks().forEach(this::tell);
            ModelSpec model = source.spec();
            List<GenerationRequest> requests = new ArrayList<>();
            prompts.forEach(
                    prompt -> requests.add(new GenerationRequest(texts.ids(prompt), maxTokens, sampling, ends(texts))));
            long capacity = capacity(model, requests);
            requests.forEach(request -> request.requireFits(model, capacity));
            InferenceOptions inference = options.inference(capacity);
            try (Generator generator = Generator.open(source, registry, inference)) {
                tellWhatIsOpen(source, generator, inference);
                GenerateRun run = new GenerateRun(generator, texts, spec.commandLine().getOut(),
                        spec.commandLine().getErr(),
                        main != null && main.isOutputTerminal(), model.maxSequence());
                return typed
                        ? run.ask(options.isChat() ? TypedPrompts.conversation(options.system()) : TypedPrompts.texts(),
                                prompt -> new GenerationRequest(texts.ids(prompt), maxTokens, sampling, ends(texts)),
                                json)
                        : run.all(prompts, requests, json);
            }
        }
    }

    /** Prints how prompts are read, if that may not be what the user expects. */
    private void tellOfChat(boolean chat, ModelSource source) {
        if (chat) {
            tell("a conversation: each prompt continues it; " + TypedPrompts.NEW + " begins another, Ctrl-D ends");
        } else if (ChatText.isIn(source)) {
            tell("prompts are texts to continue; this model has a chat template, and --chat makes a conversation of them");
        }
    }

    /** The tokenizer; empty if there is none, which is enough for prompts of ids. */
    private Optional<ModelText> text(ModelSource source, Registry registry, List<Prompt> prompts) {
        boolean onlyIds = !prompts.isEmpty() && prompts.stream().allMatch(Prompt.Ids.class::isInstance);
        return onlyIds && options.tokenizer().isEmpty() && source.tokenizer().isEmpty() ? Optional.empty()
                : Optional.of(ModelText.open(source, registry, options.tokenizer()));
    }

    private Set<Integer> ends(GenerateTexts texts) {
        return options.ignoresEndToken() ? Set.of() : texts.endTokens();
    }

    private long capacity(ModelSpec model, List<GenerationRequest> requests) {
        if (options.context().isPresent()) {
            long context = options.context().getAsLong();
            if (context < 2 || context > model.maxSequence()) {
                throw new InputException(
                        "--context " + context + ": " + model.name() + " takes 2 to " + model.maxSequence()
                                + " tokens");
            }
            return context;
        }
        long needed = requests.stream().mapToLong(request -> (long) request.prompt().size() + request.maxTokens()).max()
                .orElse(TYPED_CONTEXT);
        return Math.min(needed, model.maxSequence());
    }

    private void tellWhatIsOpen(ModelSource source, Generator generator, InferenceOptions inference) {
        if (verbose) {
            long perToken = source.spec().cacheBytesPerToken(inference.dtype()).orElseThrow();
            tell(String.format(Locale.ROOT, "%s: %s on %s", TypedPath.of(source.path()), source.spec().name(),
                    generator.device()));
            tell(String.format(Locale.ROOT, "context: %,d tokens; the cache takes %,d bytes a token, %.2f MiB in all",
                    inference.capacity(), perToken, mib(perToken * inference.capacity())));
            tell(String.format(Locale.ROOT, "memory: %.2f MiB, of which:", mib(generator.memoryPlan().totalBytes())));
            generator.memoryPlan().byPurpose()
                    .forEach((purpose,
                            bytes) -> tell(String.format(Locale.ROOT, "  %-36s %12.2f MiB", purpose, mib(bytes))));
        }
    }

    private static double mib(long bytes) {
        return bytes / (double) (1 << 20);
    }

    private void tell(String line) {
        spec.commandLine().getErr().println(line);
    }
}
