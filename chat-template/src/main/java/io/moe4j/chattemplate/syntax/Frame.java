package io.moe4j.chattemplate.syntax;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the variables that a body sets, and that neither the body before that nor anything around it reads or sets. In Jinja, such a variable has no value in
 * loops and macros of the body until it is set, even if the template is rendered with a variable of the same name. For example, with {@code x} given as 1:
 *
 * <pre>
 * {% for i in [1] %}{{ x }}{% endfor %}{% set x = 2 %}       outputs nothing
 * {{ x }}{% for i in [1] %}{{ x }}{% endfor %}{% set x = 2 %}  outputs 11
 * </pre>
 */
final class Frame {
    private final @Nullable Frame outer;
    private final Set<String> known = new HashSet<>();
    private final Set<String> unset = new HashSet<>();
    private final IdentityHashMap<List<Statement>, Set<String>> all;

    private Frame(@Nullable Frame outer, IdentityHashMap<List<Statement>, Set<String>> all) {
        this.outer = outer;
        this.all = all;
    }

    /** The variables without a value at the start of the template, and of each nested body that has variables of its own. Keys are compared by identity. */
    static IdentityHashMap<List<Statement>, Set<String>> unset(List<Statement> template) {
        IdentityHashMap<List<Statement>, Set<String>> all = new IdentityHashMap<>();
        new Frame(null, all).read(template);
        return all;
    }

    private void read(List<Statement> body) {
        body.forEach(this::statement);
        if (!unset.isEmpty()) {
            all.put(body, unset);
        }
        inner(body);
    }

    private boolean isKnown(String name) {
        return known.contains(name) || (outer != null && outer.isKnown(name));
    }

    private void load(String name) {
        if (!isKnown(name)) {
            known.add(name);
        }
    }

    private void store(String name) {
        if (known.contains(name)) {
            return;
        }
        if (outer == null || !outer.isKnown(name)) {
            unset.add(name);
        }
        known.add(name);
    }

    private void load(Expression expression) {
        new Loads(this::load).of(expression);
    }

    private void store(Target target) {
        switch (target) {
            case Target.Variable variable -> store(variable.name());
            case Target.Field field -> load(field.namespace());
            case Target.Several several -> several.targets().forEach(this::store);
        }
    }

    private void parameter(Target target) {
        switch (target) {
            case Target.Variable variable -> known.add(variable.name());
            case Target.Field field -> load(field.namespace());
            case Target.Several several -> several.targets().forEach(this::parameter);
        }
    }

    /** Records what a statement reads and sets in this frame itself. */
    private void statement(Statement statement) {
        switch (statement) {
            case Statement.Output output -> load(output.value());
            case Statement.If test -> branches(test);
            case Statement.For loop -> load(loop.items());
            case Statement.Set set -> {
                load(set.value());
                store(set.target());
            }
            case Statement.SetBlock block -> store(block.target());
            case Statement.Macro macro -> store(macro.name());
            case Statement.CallBlock block -> load(block.call());
            case Statement.FilterBlock block -> load(block.filter());
            case Statement.With with -> with.values().forEach(this::load);
            case Statement.Text text -> {
            }
            case Statement.Generation generation -> {
            }
            case Statement.Break end -> {
            }
            case Statement.Continue next -> {
            }
        }
    }

    /** Each branch begins with the state before the test. A variable that only branches set is looked up around the frame until then. */
    private void branches(Statement.If test) {
        Set<String> found = new HashSet<>();
        for (Statement.Branch branch : test.branches()) {
            load(branch.test());
            found.addAll(branch(branch.body()));
        }
        found.addAll(branch(test.otherwise()));
        known.addAll(found);
    }

    private Set<String> branch(List<Statement> body) {
        Frame copy = new Frame(outer, all);
        copy.known.addAll(known);
        body.forEach(copy::statement);
        return copy.known;
    }

    /** The frames in a body. */
    private void inner(List<Statement> body) {
        for (Statement statement : body) {
            switch (statement) {
                case Statement.If test -> {
                    test.branches().forEach(branch -> inner(branch.body()));
                    inner(test.otherwise());
                }
                case Statement.For loop -> {
                    Frame frame = new Frame(this, all);
                    frame.known.add("loop");
                    frame.parameter(loop.target());
                    frame.read(loop.body());
                    new Frame(this, all).read(loop.otherwise());
                }
                case Statement.SetBlock block -> new Frame(this, all).read(block.body());
                case Statement.FilterBlock block -> new Frame(this, all).read(block.body());
                case Statement.Generation generation -> new Frame(this, all).read(generation.body());
                case Statement.Macro macro -> macro(macro.signature(), macro.body());
                case Statement.CallBlock block -> macro(block.signature(), block.body());
                case Statement.With with -> {
                    Frame frame = new Frame(this, all);
                    with.targets().forEach(frame::parameter);
                    frame.read(with.body());
                }
                case Statement.Text text -> {
                }
                case Statement.Output output -> {
                }
                case Statement.Set set -> {
                }
                case Statement.Break end -> {
                }
                case Statement.Continue next -> {
                }
            }
        }
    }

    private void macro(Statement.Signature signature, List<Statement> body) {
        Frame frame = new Frame(this, all);
        frame.known.addAll(signature.parameters());
        signature.defaults().values().forEach(frame::load);
        frame.read(body);
    }
}
