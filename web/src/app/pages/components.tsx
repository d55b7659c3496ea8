import { Inbox, Play, Trash2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { Finding } from "@/api/types";
import { FindingList } from "@/features/findings/finding-list";
import { LanguageMenu, ThemeMenu } from "@/features/session/user-menu";
import { useLanguage } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Choices } from "@/ui/choices";
import { Chip, PointerTag } from "@/ui/chip";
import { Code } from "@/ui/code";
import { CopyButton } from "@/ui/copy-button";
import { DataGrid } from "@/ui/data-grid";
import { Dialog, Sheet } from "@/ui/dialog";
import { Checkbox, Field, Input, Select, TextArea } from "@/ui/field";
import { Kbd } from "@/ui/kbd";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from "@/ui/menu";
import { Name } from "@/ui/name";
import { Notice, TroubleNotice } from "@/ui/notice";
import { Progress } from "@/ui/progress";
import { Segmented, Toggles } from "@/ui/segmented";
import { ShownOnce } from "@/ui/shown-once";
import { Spark } from "@/ui/spark";
import { Spinner } from "@/ui/spinner";
import { SqlCode } from "@/ui/sql-code";
import { type Mark, StateMark } from "@/ui/state-mark";
import { LoadMore } from "@/ui/load-more";
import { Empty, Failed, Skeleton, SkeletonRows } from "@/ui/states";
import { Table } from "@/ui/table";
import { Tabs } from "@/ui/tabs";
import { Ago } from "@/ui/time";
import { Tooltip } from "@/ui/tooltip";
import { useTitle } from "@/ui/use-title";

function Sample({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section className="border-t border-line py-4">
      <h2 className="mb-2 font-mono text-xs text-muted">{name}</h2>
      <div className="flex flex-wrap items-center gap-3">{children}</div>
    </section>
  );
}

const LONG_AGO = "2024-02-29T12:00:00Z";
const MARKS: Mark[] = ["applied", "partial", "pending", "running", "failed", "stopped", "unknown"];
const SOURCE = 'def upgrade() -> None:\n    """Adds a column."""\n    op.add_column("orders", sa.Column("note", sa.Text(), nullable=True))  # safe\n';

const DROPPED: Finding = {
  code: "column_dropped",
  severity: "danger",
  title: "",
  fix: "",
  lock: "ACCESS EXCLUSIVE",
  rows: null,
  schema_name: "public",
  table: "orders",
  name: "note",
  line: 14,
  size: { rows: 12_300_000, bytes: 3_435_973_837 },
};
const FINDINGS: Finding[] = [
  DROPPED,
  { ...DROPPED, code: "index_blocks_writes", severity: "warning", lock: "SHARE", rows: "reads", name: "orders_at", line: 15 },
  { ...DROPPED, code: "needs_no_transaction", severity: "note", lock: null, schema_name: "", table: "", name: "", line: 16, size: null },
];

// As heavy as it is: loaded where it is shown.
const SqlEditor = lazy(async () => ({ default: (await import("@/ui/sql-editor")).SqlEditor }));

function EditorSample() {
  const [sql, setSql] = useState("select * from orders");
  return <SqlEditor value={sql} onChange={setSql} onRun={() => undefined} label="Sample editor" suggestions="Suggestions" hint="select …" names={{ orders: ["id", "at"] }} />;
}

/** Every component of ours, for people who build pages; sample texts are not translated. */
export function Components() {
  const { t } = useLanguage();
  const [choice, setChoice] = useState("one");
  const [several, setSeveral] = useState(["sql"]);
  const [dialog, setDialog] = useState(false);
  const [secret, setSecret] = useState(false);
  const [sheet, setSheet] = useState<"left" | "bottom" | null>(null);
  useTitle(t("ui.title"));
  return (
    <main className="mx-auto max-w-4xl px-4 py-6">
      <header className="mb-4 flex items-center justify-between">
        <h1 className="text-xl font-semibold tracking-tight">{t("ui.title")}</h1>
        <div className="flex">
          <LanguageMenu signedIn={false} />
          <ThemeMenu signedIn={false} />
        </div>
      </header>
      <Sample name="Button, IconButton, CopyButton">
        <Button variant="primary">Primary</Button>
        <Button>Plain</Button>
        <Button variant="quiet">Quiet</Button>
        <Button variant="danger">Danger</Button>
        <Button variant="danger-primary">Delete</Button>
        <Button busy>Busy</Button>
        <Button why="Needs the permission job.upgrade">Refused</Button>
        <Button size="small">Small</Button>
        <Button size="large" variant="primary">
          Large
        </Button>
        <Button disabled>Disabled</Button>
        <Button asChild>
          <a href="#button">Link</a>
        </Button>
        <IconButton label="Delete">
          <Trash2 className="size-4" />
        </IconButton>
        <IconButton label="Delete" size="small" why="Needs the permission project.delete">
          <Trash2 className="size-3.5" />
        </IconButton>
        <CopyButton text="copied" />
      </Sample>
      <Sample name="Chip, PointerTag, Kbd, StateMark">
        <Chip tone="applied">applied</Chip>
        <Chip tone="pending">3 behind</Chip>
        <Chip tone="running">running 1 of 3</Chip>
        <Chip tone="failed">unreachable</Chip>
        <Chip>merge</Chip>
        <Chip tone="accent">billing</Chip>
        <PointerTag>HEAD</PointerTag>
        <Kbd>j</Kbd>
        {MARKS.map((mark) => (
          <span key={mark} className="flex items-center gap-1 text-sm">
            <StateMark mark={mark} /> {mark}
          </span>
        ))}
      </Sample>
      <Sample name="Field, Input, Select, TextArea, Checkbox, Choices">
        <div className="grid w-full gap-4 sm:grid-cols-2">
          <Field label="Name" hint="A hint.">
            <Input placeholder="shop" />
          </Field>
          <Field label="Git URL" error="This is not a git URL.">
            <Input mono defaultValue="htp://" />
          </Field>
          <Field label="sslmode">
            <Select defaultValue="prefer">
              <option>prefer</option>
              <option>require</option>
            </Select>
          </Field>
          <Field label="Key" optional="optional">
            <TextArea mono />
          </Field>
          <Field label="Disabled">
            <Input disabled defaultValue="shop" />
          </Field>
          <div className="flex flex-col gap-2">
            <Checkbox label="Protected" hint="Asks for the name." defaultChecked />
            <Checkbox label="Not chosen" />
            <Checkbox label="Disabled" disabled />
          </div>
          <Choices
            legend="Several"
            hint="None chosen: all."
            options={[{ value: "sql", label: "SQL" }, { value: "output", label: "Output" }]}
            chosen={several}
            onChange={setSeveral}
          />
        </div>
      </Sample>
      <Sample name="Segmented, Toggles, Tabs">
        <Segmented label="One of" value={choice} onChange={setChoice} options={[{ value: "one", label: "One" }, { value: "two", label: "Two" }]} />
        <Toggles label="Any of" value={several} onChange={setSeveral} options={[{ value: "sql", label: "SQL" }, { value: "output", label: "Output" }]} />
        <Tabs
          label="Parts"
          value={choice}
          onChange={setChoice}
          className="w-full"
          tabs={[
            { value: "one", label: "One", content: <p className="p-4">First</p> },
            { value: "two", label: "Two", content: <p className="p-4">Second</p> },
          ]}
        />
      </Sample>
      <Sample name="Menu, MenuLabel, MenuItem, MenuSeparator, MenuChoice, Tooltip, Dialog, ShownOnce, Sheet">
        <Menu trigger={<Button>Menu</Button>} align="start">
          <MenuLabel>main</MenuLabel>
          <MenuItem icon={<Play className="size-3.5" />}>Upgrade</MenuItem>
          <MenuItem disabled>Downgrade</MenuItem>
          <MenuSeparator />
          <MenuChoice value={choice} onChange={setChoice} options={[{ value: "one", label: "One" }, { value: "two", label: "Two" }]} />
          <MenuSeparator />
          <MenuItem danger>Delete</MenuItem>
        </Menu>
        <Tooltip text="A word of explanation">
          <Button>Tooltip</Button>
        </Tooltip>
        <Button onClick={() => setDialog(true)}>Dialog</Button>
        <Button onClick={() => setSecret(true)}>A secret</Button>
        {secret && <ShownOnce title="A new token" lead="Nobody is shown it again." text="st_0123456789abcdef" kept="I have kept it" onClose={() => setSecret(false)} />}
        <Dialog open={dialog} onClose={() => setDialog(false)} title="A question" description="And why it is asked." footer={<Button onClick={() => setDialog(false)}>Yes</Button>}>
          Text
        </Dialog>
        <Button onClick={() => setSheet("bottom")}>Sheet</Button>
        <Button onClick={() => setSheet("left")}>Sheet from the left</Button>
        <Sheet open={sheet !== null} onClose={() => setSheet(null)} label="A panel" side={sheet ?? "bottom"}>
          <p className="p-4">For what has no room beside the page.</p>
        </Sheet>
      </Sample>
      <Sample name="Notice, TroubleNotice">
        <div className="flex w-full flex-col gap-2">
          <Notice>A fact.</Notice>
          <Notice kind="success" title="Done">
            Upgraded to 9b07d2.
          </Notice>
          <Notice kind="warning" action={<Button size="small">Look</Button>}>
            A downgrade loses data.
          </Notice>
          <Notice kind="error" title="Failed">
            Nothing was changed.
          </Notice>
          <TroubleNotice trouble={{ title: "The database is unreachable", detail: "Connection refused by 10.0.0.4:5432.", fix: "Start it, or correct the port." }} onRetry={() => undefined} action={<Button size="small">Compare</Button>} />
        </div>
      </Sample>
      <Sample name="Spark">
        <div className="w-60">
          <Spark label="Size: 4 KB at last, between 1 KB and 4 KB" points={[3, 2, null, 1, 4].map((value, at) => ({ at, value }))} />
        </div>
      </Sample>
      <Sample name="Progress, Spinner, Skeleton, SkeletonRows, LoadMore, Ago">
        <Progress label="Done" done={2} total={5} className="max-w-60" />
        <Progress label="Working" done={0} total={null} className="max-w-60" />
        <Progress label="All done" done={1} total={1} tone="applied" className="max-w-60" />
        <Progress label="Stopped" done={2} total={5} tone="failed" className="max-w-60" />
        <Spinner />
        <Skeleton className="h-4 w-40" />
        <Ago at={LONG_AGO} /> <Ago at={LONG_AGO} short />
        <SkeletonRows rows={3} className="w-full" />
        <LoadMore pages={{ hasNextPage: true, isFetchingNextPage: false, fetchNextPage: () => undefined }}>Load more</LoadMore>
      </Sample>
      <Sample name="DataGrid">
        <div className="h-28 w-full">
          <DataGrid
            label="Rows"
            columns={[
              { name: "id", type: "bigint", category: "N" },
              { name: "name", type: "text", category: "S" },
              { name: "phone", type: "text", category: "S", masked: "Masked: only the last four characters are shown." },
            ]}
            rows={[
              ["1", "Lamp", "•••4567"],
              ["2", null, "•••"],
              ["3", ""],
            ]}
            sort={{ column: "id", descending: false }}
            onSort={() => undefined}
          />
        </div>
      </Sample>
      <Sample name="Table, Name">
        <Table
          label="Columns"
          className="w-full"
          head={["Column", "Type", "Rows"]}
          numbers={[2]}
          rows={[
            { key: "id", cells: [<Name key="name" text="id" />, "bigint", "1,200"] },
            { key: "odd", cells: [<Name key="name" text={"or\u202eder\nid"} />, "text", "7"] },
          ]}
        />
      </Sample>
      <Sample name="SqlCode">
        <SqlCode source={"CREATE INDEX CONCURRENTLY orders_at ON orders (at); -- safe"} label="Sample SQL" className="w-full" />
      </Sample>
      <Sample name="SqlEditor">
        <Suspense fallback={<Skeleton className="h-24 w-full" />}>
          <EditorSample />
        </Suspense>
      </Sample>
      <Sample name="Code">
        <Code source={SOURCE} from={12} lit={14} label="Sample" className="w-full rounded-md border border-line" />
      </Sample>
      <Sample name="FindingList">
        <div className="flex w-full flex-col gap-4">
          <FindingList findings={FINDINGS} onLine={() => undefined} />
          <FindingList findings={[]} />
          <FindingList findings={null} />
        </div>
      </Sample>
      <Sample name="Failed">
        <Failed trouble={{ title: "The service did not answer", detail: "The connection failed.", fix: "Try again in a minute." }} onRetry={() => undefined} />
      </Sample>
      <Sample name="Empty">
        <Empty icon={<Inbox className="size-5" />} title="Nothing here yet" action={<Button variant="primary">Add the first</Button>}>
          What it is, and what to do next.
        </Empty>
      </Sample>
    </main>
  );
}
