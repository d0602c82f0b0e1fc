package io.moe4j.report;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A Chromium without a window, driven through its DevTools protocol. */
final class Browser implements AutoCloseable {
    static final List<String> NAMES = List.of("chromium-headless-shell", "chromium", "chromium-browser",
            "google-chrome", "google-chrome-stable", "chrome-headless-shell");
    private static final long WAIT_SECONDS = 60;

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger last = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    private final String session;

    /** The program, if one is on the path. */
    static Optional<Path> find() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)).map(Path::of)
                .flatMap(folder -> NAMES.stream().map(folder::resolve)).filter(Files::isExecutable).findFirst();
    }

    static Browser open(Path program, Path profile) throws IOException {
        Process process = new ProcessBuilder(program.toString(), "--headless", "--no-sandbox", "--disable-gpu",
                "--no-first-run", "--remote-debugging-port=0", "--user-data-dir=" + profile, "about:blank")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            return new Browser(process);
        } catch (RuntimeException | IOException e) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw e;
        }
    }

    private Browser(Process process) throws IOException {
        this.process = process;
        BufferedReader errors = new BufferedReader(
                new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
        String line = errors.readLine();
        while (line != null && !line.contains("ws://")) {
            line = errors.readLine();
        }
        if (line == null) {
            throw new IOException("the browser has ended before it listened");
        }
        Thread.ofVirtual().start(() -> errors.lines().forEach(ignored -> {}));
        socket = HttpClient.newHttpClient().newWebSocketBuilder()
                .buildAsync(URI.create(line.substring(line.indexOf("ws://"))), new Incoming()).join();
        JsonNode target = call("", "Target.createTarget", Map.of("url", "about:blank"));
        session = call("", "Target.attachToTarget",
                Map.of("targetId", target.get("targetId").asString(), "flatten", true)).get("sessionId").asString();
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
            call(domain + ".enable", Map.of());
        }
    }

    /** Opens a page as on a screen of this width, and waits until its script has run. */
    void show(Path page, int width, boolean dark) {
        events.clear();
        call("Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
        call("Emulation.setEmulatedMedia", Map.of("features",
                List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
        call("Page.navigate", Map.of("url", page.toUri().toString()));
        evaluate("new Promise(done => { const look = () => document.readyState === 'complete' ? done(1)"
                + " : setTimeout(look, 5); look(); })");
    }

    /** The value of an expression, which may be a promise. */
    JsonNode evaluate(String expression) {
        JsonNode result = call("Runtime.evaluate",
                Map.of("expression", expression, "awaitPromise", true, "returnByValue", true));
        if (result.has("exceptionDetails")) {
            throw new AssertionError(expression + ": " + result.get("exceptionDetails"));
        }
        return result.get("result").path("value");
    }

    /** What the page said on the console, in errors, and in requests for anything but itself. */
    List<String> complaints(Path page) {
        return events.stream().filter(event -> switch (event.path("method").asString()) {
            case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded" -> true;
            case "Network.requestWillBeSent" -> {
                String url = event.at("/params/request/url").asString();
                yield !url.equals(page.toUri().toString()) && !url.startsWith("data:");
            }
            default -> false;
        }).map(JsonNode::toString).toList();
    }

    /** The page on paper, as a PDF in base 64. */
    String print() {
        return call("Page.printToPDF", Map.of("printBackground", true)).get("data").asString();
    }

    private JsonNode call(String method, Map<String, Object> parameters) {
        return call(session, method, parameters);
    }

    private JsonNode call(String target, String method, Map<String, Object> parameters) {
        int id = last.incrementAndGet();
        Map<String, Object> message = new LinkedHashMap<>(Map.of("id", id, "method", method, "params", parameters));
        if (!target.isEmpty()) {
            message.put("sessionId", target);
        }
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText(JsonMapper.shared().writeValueAsString(message), true).join();
        JsonNode got = answer.orTimeout(WAIT_SECONDS, TimeUnit.SECONDS).join();
        if (got.has("error")) {
            throw new AssertionError(method + ": " + got.get("error"));
        }
        return got.get("result");
    }

    /** The program may be a script that starts the browser: that has to end too, with all that it has started. */
    @Override
    public void close() {
        List<ProcessHandle> all = processes();
        socket.abort();
        all.forEach(ProcessHandle::destroy);
        try {
            CompletableFuture.allOf(all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new))
                    .orTimeout(WAIT_SECONDS, TimeUnit.SECONDS).join();
        } finally {
            all.forEach(ProcessHandle::destroyForcibly);
        }
    }

    /** The browser's processes. */
    List<ProcessHandle> processes() {
        return Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    }

    private final class Incoming implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
            text.append(part);
            if (isLast) {
                JsonNode message = JsonMapper.shared().readTree(text.toString());
                text.setLength(0);
                CompletableFuture<JsonNode> answer = waiting.remove(message.path("id").asInt(-1));
                if (answer == null) {
                    events.add(message);
                } else {
                    answer.complete(message);
                }
            }
            from.request(1);
            return CompletableFuture.completedStage(null);
        }
    }
}
