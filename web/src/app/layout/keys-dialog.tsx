import { useLanguage } from "@/i18n";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";

export function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useLanguage();
  const groups: { title: string; keys: [string, string][] }[] = [
    {
      title: t("keys.everywhere"),
      keys: [
        ["?", t("keys.help")],
        ["⌘ K", t("keys.palette")],
        ["g p", t("keys.goProjects")],
        ["g m", t("keys.goMigrations")],
        ["g j", t("keys.goJobs")],
        ["g a", t("keys.goApprovals")],
        ["g d", t("keys.goDatabases")],
        ["g s", t("keys.goSettings")],
      ],
    },
    {
      title: t("keys.lists"),
      keys: [
        ["j", t("keys.down")],
        ["k", t("keys.up")],
        ["Enter", t("keys.open")],
        ["/", t("keys.filter")],
        ["Esc", t("keys.escape")],
      ],
    },
    {
      title: t("keys.jobPage"),
      keys: [
        ["f", t("keys.follow")],
        ["/", t("keys.find")],
      ],
    },
  ];
  return (
    <Dialog open={open} onClose={onClose} title={t("keys.title")}>
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
        {groups.map((group) => (
          <section key={group.title}>
            <h3 className="mb-1 text-xs text-muted">{group.title}</h3>
            <dl>
              {group.keys.map(([key, text]) => (
                <div key={key} className="flex h-7 items-center justify-between gap-4">
                  <dt>{text}</dt>
                  <dd className="flex gap-1">
                    {key.split(" ").map((part) => (
                      <Kbd key={part}>{part}</Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
