package io.moe4j.launch;

import io.moe4j.api.Shown;
import io.moe4j.api.group.RankFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The state of the hub: connected processes, values sent to exchanges, and failures. One lock; no thread waits for a socket while it holds the lock.
 */
final class World implements AutoCloseable {
    private static final int REMEMBERED_REFUSALS = 8;
    private static final Duration LINGER = Duration.ofSeconds(3);
    /** For this long after the last process has connected, a second process with the same ranks is taken as a sign that two jobs have met. */
    private static final Duration START_UP = Duration.ofSeconds(60);

    private final int size;
    private final Optional<String> job;
    private final Duration timeout;
    private final Map<Integer, Member> members = new HashMap<>();
    private final Set<Integer> departed = new HashSet<>();
    private final Map<Meeting, Pending> pending = new LinkedHashMap<>();
    private final Deque<String> refusals = new ArrayDeque<>();
    private @Nullable RankFailure failure;
    private boolean closed;
    /** The time when the last rank connected, in {@link System#nanoTime()}. */
    private long complete;

    /**
     * A process of the world.
     *
     * @param process its number and host
     */
    private record Member(Connection connection, String process) {
        String who() {
            return process + " at " + connection.remote();
        }
    }

    /** The values sent so far to a meeting that waits for more ranks. */
    private record Pending(byte[] @Nullable [] given, long deadline) {

        List<Integer> missing(Meeting meeting) {
            List<Integer> missing = new ArrayList<>();
            for (int i = 0; i < given.length; i++) {
                if (given[i] == null) {
                    missing.add(meeting.ranks().get(i));
                }
            }
            return missing;
        }
    }

    World(int size, Optional<String> job, Duration timeout) {
        this.size = size;
        this.job = job;
        this.timeout = timeout;
        Thread.ofVirtual().name("rendezvous time limits").start(this::watch);
    }

    /** Accepts a process, or tells it the reason for the refusal. */
    void join(Connection connection, Message.Hello hello) throws IOException {
        Member member = new Member(connection, hello.process());
        Optional<Message.Refusal> refusal;
        synchronized (this) {
            refusal = refusal(member, hello);
            if (refusal.isEmpty()) {
                connection.send(new Message.Welcome());
                hello.ranks().forEach(rank -> members.put(rank, member));
                if (members.size() == size) {
                    complete = System.nanoTime();
                }
                if (failure != null) {
                    connection.send(new Message.Failed(failure));
                }
            }
        }
        if (refusal.isPresent()) {
            connection.sendNow(refusal.get());
            throw new ProtocolException(refusal.get().reason());
        }
        connection.start("rendezvous of " + Shown.ranks(hello.ranks()), Wire.MAX_GIVEN + (long) Wire.MAX_HELLO,
                message -> receive(connection, hello.ranks(), message),
                reason -> leave(connection, hello.ranks(), reason));
    }

    /** Why a process is refused. If it belongs, or may belong, to this job, then the job is misconfigured, and fails. */
    private Optional<Message.Refusal> refusal(Member member, Message.Hello hello) {
        if (closed) {
            return Optional.of(new Message.Refusal(true, "the rendezvous is closed"));
        }
        if (!hello.job().equals(job.orElse(""))) {
            return Optional.of(new Message.Refusal(true, "it belongs to " + jobName(hello.job()) + ", and rank 0 to "
                    + jobName(job.orElse("")) + ": two jobs use one port; give each a MASTER_PORT of its own"));
        }
        Optional<String> problem = problem(member, hello);
        problem.filter(any -> failure == null && isStarting()).ifPresent(why -> fail(new RankFailure(
                hello.ranks().stream().filter(rank -> rank >= 0 && rank < size).findFirst().orElse(0), "rendezvous",
                why)));
        return problem.map(why -> new Message.Refusal(false, why));
    }

    private Optional<String> problem(Member member, Message.Hello hello) {
        if (hello.worldSize() != size) {
            return Optional.of(
                    "the process of " + Shown.ranks(hello.ranks()) + " (" + member.who() + ") comes from a world of "
                            + hello.worldSize() + ", and rank 0 is in one of " + size
                            + "; set the same number of ranks everywhere");
        }
        for (int rank : hello.ranks()) {
            if (rank < 0 || rank >= size) {
                return Optional.of("rank " + rank + " is not in a world of " + size + " (" + member.who()
                        + "); ranks count from 0");
            }
            Member there = members.get(rank);
            if (there != null) {
                return Optional.of("rank " + rank + " is here already: " + there.who() + ", and now " + member.who()
                        + ". Either two processes have one number, or two jobs use one port: give each process a number"
                        + " of its own, and each job a MASTER_PORT of its own");
            }
        }
        return hello.ranks().isEmpty() ? Optional.of("it has no ranks") : Optional.empty();
    }

    /**
     * Whether processes of this job may still be coming. If jobs have names, none is missing once the world is complete. If they have none, a process
     * that connects shortly afterwards may be one of this job, whose place a process of another job has taken.
     */
    private boolean isStarting() {
        return members.size() < size
                || (job.isEmpty() && System.nanoTime() - complete < START_UP.toNanos());
    }

    private static String jobName(String job) {
        return job.isEmpty() ? "a job without a name (MOE4J_JOB_ID)" : "job " + job;
    }

    synchronized void noteRefusal(String reason) {
        if (refusals.size() == REMEMBERED_REFUSALS) {
            refusals.removeFirst();
        }
        refusals.addLast(reason);
    }

    private void receive(Connection from, List<Integer> ranks, Message message) {
        switch (message) {
            case Message.Offer offer -> take(from, offer);
            case Message.Failed failed -> fail(failed.failure());
            case Message.Goodbye goodbye -> depart(from, ranks);
            default -> fail(new RankFailure(ranks.getFirst(), "rendezvous",
                    "it sent a " + message.getClass().getSimpleName() + ", which only rank 0 sends"));
        }
    }

    private synchronized void take(Connection from, Message.Offer offer) {
        Meeting meeting = offer.meeting();
        if (failure != null) {
            return;
        }
        Pending state = pending.computeIfAbsent(meeting, m -> new Pending(new byte[m.ranks().size()][],
                System.nanoTime() + timeout.toNanos()));
        int rank = offer.index() < 0 || offer.index() >= meeting.ranks().size() ? -1
                : meeting.ranks().get(offer.index());
        if (rank < 0 || !isFrom(rank, from) || state.given[offer.index()] != null) {
            fail(new RankFailure(Math.max(rank, 0), meeting.toString(), "position " + offer.index()
                    + " was sent twice, or by another process: each rank of a group sends once"));
            return;
        }
        state.given[offer.index()] = offer.bytes();
        List<Integer> missing = state.missing(meeting);
        if (missing.isEmpty()) {
            pending.remove(meeting);
            Message answer = new Message.Answer(meeting, List.of(state.given));
            receivers(meeting).forEach(connection -> connection.send(answer));
        } else {
            failForDeparted();
            notifyAll();
        }
    }

    private boolean isFrom(int rank, Connection connection) {
        Member member = members.get(rank);
        return member != null && member.connection() == connection;
    }

    /** The connections that get the answer: one for each process, however many of the ranks it runs. */
    private Set<Connection> receivers(Meeting meeting) {
        Set<Connection> receivers = new LinkedHashSet<>();
        meeting.ranks().forEach(
                rank -> Optional.ofNullable(members.get(rank)).map(Member::connection).ifPresent(receivers::add));
        return receivers;
    }

    private Set<Connection> connections() {
        return members.values().stream().map(Member::connection).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private synchronized void fail(RankFailure first) {
        if (failure == null) {
            failure = first;
            pending.clear();
            connections().forEach(connection -> connection.send(new Message.Failed(first)));
            notifyAll();
        }
    }

    private synchronized void depart(Connection from, List<Integer> ranks) {
        departed.addAll(ranks);
        from.finish();
        failForDeparted();
        notifyAll();
    }

    /** Fails if a meeting waits for a rank that has closed, since that rank will never send. */
    private void failForDeparted() {
        for (Map.Entry<Meeting, Pending> each : List.copyOf(pending.entrySet())) {
            for (int rank : each.getValue().missing(each.getKey())) {
                if (departed.contains(rank)) {
                    fail(new RankFailure(rank, each.getKey().toString(),
                            "it has closed, and others of the group wait for it; all ranks must make the same calls"));
                    return;
                }
            }
        }
    }

    private void leave(Connection connection, List<Integer> ranks, String reason) {
        connection.finish();
        synchronized (this) {
            if (!departed.containsAll(ranks) && !closed) {
                departed.addAll(ranks);
                fail(new RankFailure(ranks.getFirst(), "rendezvous", "its connection from " + connection.remote()
                        + " was lost (" + reason
                        + "): its process has ended, or the network has failed; see the log of rank "
                        + ranks.getFirst()));
            }
            notifyAll();
        }
    }

    /** Waits until every rank has left; after a failure only long enough that ranks which connect late learn of it. */
    synchronized void awaitDepartures() {
        long start = System.nanoTime();
        try {
            while (departed.size() < size) {
                Duration limit = failure == null || timeout.compareTo(LINGER) < 0 ? timeout : LINGER;
                long left = (limit.toNanos() - (System.nanoTime() - start)) / 1_000_000;
                if (left <= 0) {
                    return;
                }
                wait(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void watch() {
        try {
            while (!closed) {
                Optional<Map.Entry<Meeting, Pending>> next = pending.entrySet().stream()
                        .min(Comparator.comparingLong(entry -> entry.getValue().deadline() - System.nanoTime()));
                if (next.isEmpty()) {
                    wait();
                    continue;
                }
                long left = next.get().getValue().deadline() - System.nanoTime();
                if (left <= 0) {
                    expire(next.get().getKey(), next.get().getValue());
                } else {
                    wait(left / 1_000_000 + 1);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void expire(Meeting meeting, Pending state) {
        List<Integer> missing = state.missing(meeting);
        List<Integer> absent = missing.stream().filter(rank -> !members.containsKey(rank)).toList();
        fail(new RankFailure(missing.getFirst(), meeting.toString(), Shown.ranks(missing) + " did not come within "
                + timeout.toSeconds() + " s"
                + (absent.isEmpty() ? "" : "; of them never connected: " + Shown.ranks(absent))
                + (refusals.isEmpty() ? "" : "; " + String.join("; ", refusals))
                + ". Start them, see their logs, or raise runtime.timeout"));
    }

    /** Ends all connections after their queued messages are sent. */
    @Override
    public void close() {
        Set<Connection> connections;
        synchronized (this) {
            closed = true;
            connections = connections();
            notifyAll();
        }
        connections.forEach(Connection::finish);
        long deadline = System.nanoTime() + Connection.FLUSH.toNanos();
        connections.forEach(connection -> connection.close(Duration.ofNanos(deadline - System.nanoTime())));
    }
}
