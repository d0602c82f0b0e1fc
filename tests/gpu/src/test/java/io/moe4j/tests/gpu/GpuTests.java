package io.moe4j.tests.gpu;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectModule;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the tests on a machine that has neither Maven nor a JDK, and prints what they covered. Arguments: class names, or none for all. */
public final class GpuTests implements TestExecutionListener {
    private final PrintStream out;
    private final Map<String, int[]> byClass = new TreeMap<>();
    private final Map<String, Long> started = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();

    private GpuTests(PrintStream out) {
        this.out = out;
    }

    /** Exits with 1 if a test failed or none was found. */
    public static void main(String... classes) {
        GpuTests listener = new GpuTests(System.out);
        System.exit(listener.run(List.of(classes)) ? 0 : 1);
    }

    private boolean run(List<String> classes) {
        List<DiscoverySelector> selectors = new ArrayList<>();
        classes.forEach(name -> selectors.add(selectClass(name)));
        if (classes.isEmpty()) {
            selectors.add(selectModule(GpuTests.class.getModule().getName()));
        }
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request().selectors(selectors)
                .filters(TagFilter.includeTags("gpu")).build();
        LauncherFactory.create().execute(request, this);
        int tests = 0;
        for (Map.Entry<String, int[]> one : byClass.entrySet()) {
            out.printf("%-60s %3d passed, %3d failed%n", one.getKey(), one.getValue()[0], one.getValue()[1]);
            tests += one.getValue()[0] + one.getValue()[1];
        }
        out.printf("%d GPU tests, %d failed%n", tests, failures.size());
        failures.forEach(failure -> out.println("  FAILED " + failure));
        return tests > 0 && failures.isEmpty();
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        started.put(test.getUniqueId(), System.nanoTime());
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        boolean failed = result.getStatus() != TestExecutionResult.Status.SUCCESSFUL;
        if (!test.isTest() && !failed) {
            return;
        }
        String id = test.getUniqueId();
        String type = id.replaceAll(".*\\[class:([^]]*)].*", "$1");
        String name = id.replaceAll(".*\\[(?:method|test-template):([^(\\]]*).*", "$1") + " " + test.getDisplayName();
        byClass.computeIfAbsent(type, key -> new int[2])[failed ? 1 : 0]++;
        long millis = (System.nanoTime() - started.getOrDefault(id, System.nanoTime())) / 1_000_000;
        out.printf("%s %s.%s (%d ms)%n", failed ? "FAIL" : "ok  ", type.substring(type.lastIndexOf('.') + 1), name,
                millis);
        result.getThrowable().ifPresent(thrown -> {
            failures.add(type.substring(type.lastIndexOf('.') + 1) + "." + name);
            thrown.printStackTrace(out);
        });
        out.flush();
    }
}
