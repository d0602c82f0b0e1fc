package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.app.generate.Prompt;
import io.moe4j.app.terminal.SafeText;
import io.moe4j.trainer.generate.AnswerText;
import io.moe4j.trainer.generate.GeneratedToken;
import io.moe4j.trainer.generate.Generation;
import io.moe4j.trainer.generate.GenerationRequest;
import io.moe4j.trainer.generate.Generator;
import io.moe4j.trainer.generate.TokenListener;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Generates the answers to prompts and prints them: texts as they grow, or objects. */
final class GenerateRun {
    private final Generator generator;
    private final GenerateTexts texts;
    private final PrintWriter out;
    private final PrintWriter err;
    private final boolean watched;
    private final long positions;

    /**
     * @param watched whether the output goes to a terminal: control characters of an answer are then shown as codes
     * @param positions the most tokens of a sequence that the model takes, whatever the context is
     */
    GenerateRun(Generator generator, GenerateTexts texts, PrintWriter out, PrintWriter err, boolean watched,
            long positions) {
        this.generator = generator;
        this.texts = texts;
        this.out = out;
        this.err = err;
        this.watched = watched;
        this.positions = positions;
    }

    /** Answers all prompts, until a signal comes. If there are several, each is shown before its answer. */
    int all(List<Prompt> prompts, List<GenerationRequest> requests, boolean json) {
        for (int i = 0; i < prompts.size(); i++) {
            if (!json && prompts.size() > 1) {
                out.println((i == 0 ? "> " : "\n> ") + shown(prompts.get(i)));
            }
            Optional<StopSignal> signal = one(prompts.get(i), requests.get(i), json, false).signal();
            if (signal.isPresent()) {
                return signal.get().exitCode();
            }
            if (out.checkError()) {
                return ExitCode.FAILED;
            }
        }
        return ExitCode.OK;
    }

    /** Asks for prompts until the input ends. */
    int ask(TypedPrompts typed, Function<Prompt, GenerationRequest> request, boolean json) {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            while (true) {
                String line = typed(lines);
                if (line == null) {
                    err.println();
                    return ExitCode.OK;
                }
                if (typed.beginsAnew(line)) {
                    err.println("a new conversation");
                } else if (typed.isNoCommand(line)) {
                    err.println("there is no command " + line.strip() + ": " + TypedPrompts.NEW
                            + " begins another conversation, Ctrl-D ends");
                } else if (!line.isBlank()) {
                    Optional<StopSignal> signal = answer(line, typed, request, json);
                    if (signal.filter(each -> each != StopSignal.INT).isPresent()) {
                        return signal.get().exitCode();
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next line; null at the end of the input. A signal during this call ends the process, after ending the prompt's row. */
    private @Nullable String typed(BufferedReader lines) throws IOException {
        try (AtExit atExit = AtExit.of("ends the row of the prompt", err::println)) {
            err.print("> ");
            err.flush();
            return lines.readLine();
        }
    }

    /** Answers a line. A prompt that cannot be answered is reported, and the next one is asked for. */
    private Optional<StopSignal> answer(String line, TypedPrompts typed, Function<Prompt, GenerationRequest> request,
            boolean json) {
        try {
            Prompt prompt = typed.prompt(line);
            Answered answered = one(prompt, request.apply(prompt), json, typed.isConversation());
            typed.answered(prompt, answered.text());
            return answered.signal();
        } catch (InputException e) {
            err.println("error: " + e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * An answer.
     *
     * @param text without special tokens
     * @param signal the signal that ended it
     */
    private record Answered(String text, Optional<StopSignal> signal) {}

    /** @param goesOn whether the prompt continues the last one and its answer */
    private Answered one(Prompt prompt, GenerationRequest request, boolean json, boolean goesOn) {
        AtomicBoolean stopped = new AtomicBoolean();
        try (Interrupts interrupts = Interrupts.handle(signal -> stopped.set(true))) {
            interrupts.beforeHalt(err::println);
            AnswerText answer = texts.answer();
            StringBuilder whole = new StringBuilder();
            TokenListener listener = token -> {
                if (!request.endTokens().contains(token.id())) {
                    print(answer.next(token.id()), whole, json);
                }
                return !stopped.get() && !out.checkError();
            };
            Generation made = goesOn ? generator.goOn(request, listener) : generator.generate(request, listener);
            print(answer.end(), whole, json);
            if (json) {
                out.println(JsonOutput.line(object(prompt, request, made, whole.toString())));
            } else {
                out.println();
            }
            out.flush();
            err.println(summary(made, request));
            return new Answered(whole.toString(), interrupts.received());
        }
    }

    private void print(String text, StringBuilder whole, boolean json) {
        whole.append(text);
        if (!json && !text.isEmpty()) {
            out.print(watched ? SafeText.of(text) : text);
            out.flush();
        }
    }

    private static String shown(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text(String text) -> Shown.of(text);
            case Prompt.Ids(List<Integer> ids) -> Shown.of(ids);
            case Prompt.Chat conversation -> Shown.of(conversation.messages().getLast().get("content"));
        };
    }

    private Map<String, Object> object(Prompt prompt, GenerationRequest request, Generation made, String text) {
        Map<String, Object> object = new LinkedHashMap<>();
        if (prompt instanceof Prompt.Text(String written)) {
            object.put("prompt", written);
        }
        if (prompt instanceof Prompt.Chat conversation) {
            object.put("messages", conversation.messages());
            object.put("message", Prompt.Chat.message("assistant", text));
        }
        object.put("prompt_ids", request.prompt());
        object.put("ids", made.ids());
        if (texts.text().isPresent()) {
            object.put("text", text);
        }
        object.put("logprobs", made.tokens().stream().map(GeneratedToken::logProbability).toList());
        object.put("stop", made.reason().name().toLowerCase(Locale.ROOT));
        return object;
    }

    private String summary(Generation made, GenerationRequest request) {
        String speed = made.tokens().size() < 2 ? ""
                : String.format(Locale.ROOT, ", %.1f tokens/s", made.tokensPerSecond());
        return String.format(Locale.ROOT, "[prompt: %s, %.2f s; answer: %s%s; %s]",
                Shown.count(made.promptTokens(), "token"), made.promptTime().toNanos() / 1e9,
                Shown.count(made.tokens().size(), "token"), speed, reason(made, request));
    }

    private String reason(Generation made, GenerationRequest request) {
        return switch (made.reason()) {
            case END_TOKEN -> "ended by itself";
            case MAX_TOKENS -> "stopped after --max-tokens " + request.maxTokens();
            case CONTEXT_FULL -> made.promptTokens() + made.tokens().size() < positions
                    ? "stopped: the context is full; --context takes more, up to the model's " + positions
                            + " positions"
                    : "stopped: all " + positions + " positions of the model are taken";
            case STOPPED -> "stopped";
        };
    }
}
