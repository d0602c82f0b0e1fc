package io.moe4j.app.cli;

import io.moe4j.app.supervise.Child;
import io.moe4j.app.supervise.JvmCommand;
import io.moe4j.app.supervise.ReservedPort;
import io.moe4j.app.supervise.Supervisor;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.NodePlacement;
import io.moe4j.trainer.checkpoint.store.CheckpointChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The processes of a job on this node. */
final class LaunchedJob implements Supervisor.Job, AutoCloseable {
    private final NodePlacement node;
    private final LaunchedCommand command;
    private final List<List<Integer>> ranks;
    private final List<Integer> devices;
    private final Map<String, String> shared;
    private final Duration lifeline;
    private final JvmCommand jvm;
    private final Optional<Path> output;
    private Optional<ReservedPort> port = Optional.empty();

    /**
     * @param devices the first device of each process; empty if it follows from the number of the process
     * @param shared variables of all processes
     * @param lifeline how long a process may take to end after this one has ended
     * @param output the run's folder, in which a restart goes on; empty if there is none
     */
    LaunchedJob(NodePlacement node, LaunchedCommand command, List<Integer> devices, Map<String, String> shared,
            Duration lifeline, Optional<Path> output) {
        this.node = node;
        this.command = command;
        ranks = command.localRanks(node);
        this.devices = List.copyOf(devices);
        this.shared = Map.copyOf(shared);
        this.lifeline = lifeline;
        this.output = output;
        jvm = JvmCommand.share(node.processes());
    }

    @Override
    public List<Child> children(int restart) {
        Endpoint meeting = node.master().orElseGet(this::freePort);
        List<String> arguments = new ArrayList<>(command.arguments());
        output.ifPresent(folder -> arguments.addAll(folder(folder, restart)));
        List<Child> children = new ArrayList<>();
        for (int local = 0; local < node.processes(); local++) {
            Map<String, String> environment = new HashMap<>(shared);
            environment.putAll(node.variables(local, meeting));
            List<String> all = new ArrayList<>(arguments);
            if (!devices.isEmpty()) {
                all.add("--device-ordinal=" + devices.get(local));
            }
            children.add(new Child(ranks.get(local), jvm.of(Main.class, List.of(Lifeline.option(lifeline)), all),
                    environment));
        }
        return children;
    }

    /** A new port for each start, so that a process left over from an earlier start cannot connect to the next one. */
    private Endpoint freePort() {
        port.ifPresent(ReservedPort::close);
        port = Optional.of(ReservedPort.take());
        return new Endpoint("127.0.0.1", port.get().number());
    }

    private List<String> folder(Path folder, int restart) {
        List<String> arguments = new ArrayList<>();
        if (command.output().isEmpty()) {
            arguments.add("--output=" + folder);
        }
        // Until this run has saved a checkpoint, a restart begins where the first start did: from a checkpoint of another run, if one was named.
        if (restart > 0 && (newestCheckpoint().isPresent() || !command.continuesAnother())) {
            arguments.add("--checkpoint.resume=auto");
        }
        return arguments;
    }

    @Override
    public Optional<Path> newestCheckpoint() {
        return output.map(folder -> CheckpointChoice.candidates(folder.resolve(CheckpointChoice.CHECKPOINTS)))
                .filter(all -> !all.isEmpty()).map(List::getLast);
    }

    /** The run's folder, in which a restart goes on; empty if there is none. */
    Optional<Path> output() {
        return output;
    }

    /** The ranks of this node. */
    List<Integer> ranks() {
        return ranks.stream().flatMap(List::stream).toList();
    }

    /** How many processors each process may use. */
    int processors() {
        return jvm.processors();
    }

    @Override
    public void close() {
        port.ifPresent(ReservedPort::close);
    }
}
