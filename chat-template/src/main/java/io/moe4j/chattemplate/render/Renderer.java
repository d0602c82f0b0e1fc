package io.moe4j.chattemplate.render;

import io.moe4j.chattemplate.python.Iteration;
import io.moe4j.chattemplate.python.PythonError;
import io.moe4j.chattemplate.python.Text;
import io.moe4j.chattemplate.python.Types;
import io.moe4j.chattemplate.python.Undefined;
import io.moe4j.chattemplate.syntax.Expression;
import io.moe4j.chattemplate.syntax.Statement;
import io.moe4j.chattemplate.syntax.Target;
import io.moe4j.chattemplate.syntax.Template;
import io.moe4j.chattemplate.syntax.TemplateFault;
import java.time.Clock;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** Executes statements. */
public final class Renderer {
    /** The cost of one round of a loop, in addition to its body. */
    private static final int ROUND = 8;

    private final Budget budget = new Budget();
    private final Evaluator evaluator;
    private final Template template;
    private final boolean marks;

    private Renderer(Template template, Clock clock, boolean marks) {
        this.template = template;
        evaluator = new Evaluator(budget, new Library(clock, budget));
        this.marks = marks;
    }

    /** How execution continues after a statement. */
    enum Flow {
        NEXT, BREAK, CONTINUE
    }

    /**
     * Renders a template.
     *
     * @param given its variables, as Java's values
     * @param clock the clock of {@code strftime_now}
     * @param marks whether the positions of generation blocks are needed
     */
    public static Output render(Template template, Map<String, ?> given, Clock clock, boolean marks) {
        try {
            Renderer renderer = new Renderer(template, clock, marks);
            Output output = Output.whole(renderer.budget);
            List<Statement> body = template.statements();
            renderer.execute(body, renderer.begun(Scope.root(Inputs.variables(given)), body), output);
            return output;
        } catch (PythonError e) {
            throw new TemplateFault(0, e);
        }
    }

    /** The scope of a nested body. */
    private Scope inner(Scope scope, List<Statement> body) {
        return begun(scope.inner(), body);
    }

    private Scope begun(Scope scope, List<Statement> body) {
        template.unsetIn(body).forEach(
                name -> scope.set(name, Undefined.missing("the variable \"" + name + "\" has no value yet")));
        return scope;
    }

    /** Executes statements one after the other. */
    Flow execute(List<Statement> statements, Scope scope, Output output) {
        for (Statement statement : statements) {
            Flow flow = execute(statement, scope, output);
            if (flow != Flow.NEXT) {
                return flow;
            }
        }
        return Flow.NEXT;
    }

    private Flow execute(Statement statement, Scope scope, Output output) {
        budget.spend(1);
        return switch (statement) {
            case Statement.Text text -> {
                output.append(text.text());
                yield Flow.NEXT;
            }
            case Statement.Output each -> {
                append(each.value(), scope, output);
                yield Flow.NEXT;
            }
            case Statement.If test -> branch(test, scope, output);
            case Statement.For loop -> loop(loop, scope, output);
            case Statement.Set set -> {
                assign(set.target(), evaluator.value(set.value(), scope), scope);
                yield Flow.NEXT;
            }
            case Statement.SetBlock block -> captured(block, scope, output);
            case Statement.FilterBlock block -> {
                Output body = output.capture();
                Flow flow = execute(block.body(), inner(scope, block.body()), body);
                if (flow == Flow.NEXT) {
                    Object text = evaluator.filteredChain(block.filter(), body.text(), scope);
                    at(block.filter().at(), () -> output.append(Types.text(text, "a tag's filter")));
                }
                yield flow;
            }
            case Statement.Macro macro -> {
                scope.set(macro.name(), macro(macro.name(), macro.signature(), macro.body(), scope));
                yield Flow.NEXT;
            }
            case Statement.CallBlock block -> {
                call(block, scope, output);
                yield Flow.NEXT;
            }
            case Statement.With with -> {
                Scope inner = inner(scope, with.body());
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(with.targets().get(i), evaluator.value(with.values().get(i), scope), inner);
                }
                yield execute(with.body(), inner, output);
            }
            case Statement.Generation generation -> {
                int from = output.length();
                execute(generation.body(), inner(scope, generation.body()), output);
                at(generation.at(), () -> output.mark(from, marks));
                yield Flow.NEXT;
            }
            case Statement.Break end -> Flow.BREAK;
            case Statement.Continue next -> Flow.CONTINUE;
        };
    }

    private static void at(int where, Runnable action) {
        try {
            action.run();
        } catch (PythonError e) {
            throw new TemplateFault(where, e);
        }
    }

    private void append(Expression value, Scope scope, Output output) {
        Object computed = evaluator.value(value, scope);
        at(value.at(), () -> output.append(Text.str(computed)));
    }

    private Flow branch(Statement.If test, Scope scope, Output output) {
        for (Statement.Branch branch : test.branches()) {
            if (evaluator.isTrue(branch.test(), scope)) {
                return execute(branch.body(), scope, output);
            }
        }
        return execute(test.otherwise(), scope, output);
    }

    private Flow loop(Statement.For loop, Scope scope, Output output) {
        Object items = evaluator.read(loop.items(), scope);
        Loop rounds = at(loop.items().at(), () -> loop.test().isEmpty()
                ? new Loop(Iteration.iterator(items), Iteration.size(items))
                : new Loop(new Filtered(Iteration.iterator(items),
                        item -> passes(loop, item, scope)), OptionalInt.empty()));
        // Jinja notes at the end of the body that there was an item, so a body that always ends early counts as no item.
        boolean any = false;
        while (rounds.next()) {
            budget.spend(ROUND);
            Scope round = inner(scope, loop.body());
            round.set("loop", rounds);
            assign(loop.target(), rounds.current(), round);
            Flow flow = execute(loop.body(), round, output);
            any |= flow == Flow.NEXT;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        return any ? Flow.NEXT : execute(loop.otherwise(), inner(scope, loop.otherwise()), output);
    }

    private boolean passes(Statement.For loop, Object item, Scope scope) {
        Scope inner = scope.inner();
        assign(loop.target(), item, inner);
        return evaluator.isTrue(loop.test().orElseThrow(), inner);
    }

    private static <T> T at(int where, Supplier<T> action) {
        try {
            return action.get();
        } catch (PythonError e) {
            throw new TemplateFault(where, e);
        }
    }

    private Flow captured(Statement.SetBlock block, Scope scope, Output output) {
        Output body = output.capture();
        Flow flow = execute(block.body(), inner(scope, block.body()), body);
        if (flow == Flow.NEXT) {
            Optional<Expression> filter = block.filter();
            assign(block.target(),
                    filter.isPresent() ? evaluator.filteredChain(filter.get(), body.text(), scope) : body.text(),
                    scope);
        }
        return flow;
    }

    private Macro macro(String name, Statement.Signature signature, List<Statement> body, Scope scope) {
        return new Macro(name, signature, () -> inner(scope, body), evaluator, budget, inner -> {
            Output output = Output.whole(budget).capture();
            execute(body, inner, output);
            return output.text();
        });
    }

    private void call(Statement.CallBlock block, Scope scope, Output output) {
        Macro caller = macro("", block.signature(), block.body(), scope);
        Object text = at(block.at(),
                () -> evaluator.call((Expression.Call) block.call(), Map.of("caller", caller), scope));
        at(block.at(), () -> output.append(Text.str(text)));
    }

    private void assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Target.Variable variable -> scope.set(variable.name(), value);
            case Target.Field field -> at(field.at(), () -> {
                if (!(scope.get(field.namespace()) instanceof Namespace namespace)) {
                    throw new PythonError("\"" + field.namespace() + "\" is no namespace, so \"" + field.name()
                            + "\" of it cannot be set; make it one: {% set " + field.namespace() + " = namespace() %}");
                }
                namespace.set(field.name(), value);
            });
            case Target.Several several -> unpack(several, value, scope);
        }
    }

    private void unpack(Target.Several several, Object value, Scope scope) {
        List<Object> items = at(several.at(), () -> Iteration.items(value));
        if (items.size() != several.targets().size()) {
            throw new TemplateFault(several.at(), "there are " + items.size() + " items for " + several.targets().size()
                    + " variables; name as many variables as there are items");
        }
        Iterator<Target> targets = several.targets().iterator();
        items.forEach(item -> assign(targets.next(), item, scope));
    }
}
